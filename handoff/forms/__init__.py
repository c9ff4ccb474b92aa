"""The forms a customer fills in by talking: booking, moving and cancelling a call, a message, a rating.

Each form is a pure function from (form so far, what was said, facts) to what follows; `service`
gathers the facts before and carries out what was decided after.
"""
