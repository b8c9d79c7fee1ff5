"""Commands to a listener: what is one, who sends them, and who answers."""
