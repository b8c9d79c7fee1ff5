"""Plots of a piece: curves of its notes, sound wave, piano roll, spectrogram, orbit."""
