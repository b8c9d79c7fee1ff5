"""The machine code that turns notes into samples, and nothing else."""
