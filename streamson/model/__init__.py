"""What travels through the house: points, notes, instruments, statistics."""
