"""Points on the wire: their encoding, both ends, and what each source may bring."""
