"""The web page: what a listener plays, seen and heard in a browser; a process of its own."""
