"""Repair of sound files whose program ended before it could finish them."""
