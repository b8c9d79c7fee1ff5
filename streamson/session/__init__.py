"""Session files: what plays which stream, and how."""
