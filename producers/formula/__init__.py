"""Functions of a complex line: formulas, and the process that computes their values."""
