"""Producers: processes that publish data points."""
