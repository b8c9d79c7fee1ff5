"""Data points become notes: session, rescaling, scales, mappings, timing."""
