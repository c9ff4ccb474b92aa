"""An assistant of another program that answers in place of our dialogue."""
