"""What happens to a listener: objects first, and lines in a log after."""
