"""Taps of brokers: what others publish there."""
