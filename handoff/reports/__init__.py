"""What supervisors read: how many wrote, who answered, how long it took, and what helped."""
