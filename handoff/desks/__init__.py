"""Other desks than the web desk (a Slack channel): the same acts and the same words, by `gateway.desks.DeskActs`."""
