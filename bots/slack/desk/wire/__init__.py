"""What agents see and do in Slack, as Slack's JSON and as values. Pure."""
