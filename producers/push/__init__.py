"""Taps that are sent to: servers that take what others can send already."""
