"""What every screen shares: layout, static parts, sign-in, sessions, security, live hints."""
