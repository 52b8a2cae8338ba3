"""People with a name and a password: accounts, signing in, second factor, one's own sessions."""
