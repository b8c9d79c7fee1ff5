"""A listener's notes for instruments of others: read from its feed, sent at their time."""
