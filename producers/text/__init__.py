"""Numbers in lines of text."""
