"""Readers of a listener's feed: what shows, plays and steers it, in processes of their own."""
