"""What each subcommand of `frontdesk` does."""
