"""A listener's notes, events and streams to a receiver of Open Sound Control, over UDP."""
