"""What a machine tells of itself."""
