"""Listening tests: made data of known truth, heard blind in a browser; answers as a table."""
