"""What a piece becomes: sound, notes, MIDI, plots, video."""
