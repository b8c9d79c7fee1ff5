"""A listener's notes to a MIDI port, as MPE: each on a channel of its own, at its exact pitch."""
