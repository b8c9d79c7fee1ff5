"""Notes become samples: rings, oscillator, envelope, voices, limiter, and the engine around them.

Everything that runs in the audio callback is compiled to machine code and works on memory that was
allocated before: no lock, no allocation, no file and no Python in it.
"""
