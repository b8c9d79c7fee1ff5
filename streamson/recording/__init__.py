"""Session recordings: folders with all that was received and heard, to be read again."""
