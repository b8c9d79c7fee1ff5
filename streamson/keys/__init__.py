"""Who may do what: this machine's key pair, and the keys of those that are allowed."""
