"""The feed: what a listener tells whoever subscribes."""
