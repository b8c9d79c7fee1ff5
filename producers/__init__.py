"""Producers: processes that publish data points. Each module is one, found by its entry point."""
