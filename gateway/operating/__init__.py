"""What operators see of a gateway: readiness, figures, findings; and what looks after it."""
