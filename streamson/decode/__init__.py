"""The way back: from a sound alone to the notes that it plays, and from those to numbers."""
