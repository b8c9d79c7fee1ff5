"""Corpora: many tables become a data set of sound for machine learning."""
