"""Rescaling: where a value stands among those seen lately, from 0 to 1.

Missing values (NaN, and infinities, which have no place between extremes) are never handed to a
rescaler: they neither count towards its number of points nor move its clock.
"""
