"""Producers: processes that publish data points. Each module is one, and runs by itself."""
