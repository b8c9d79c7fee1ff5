"""What happens at a listener, said aloud: the words, what waits to be said, and who says it."""
