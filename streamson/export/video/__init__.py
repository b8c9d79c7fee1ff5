"""Videos of a piece: its notes, curves and orbit move in step with its sound."""
