"""Pitch, scales and levels: every formula of Hz, MIDI and dB."""
