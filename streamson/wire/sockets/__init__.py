"""Sockets: where they are, who may connect, and that no peer takes them down."""
