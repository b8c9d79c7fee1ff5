"""The conductor: points come in, become notes, sound, and are recorded."""
