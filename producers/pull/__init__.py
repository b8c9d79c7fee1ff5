"""Taps that ask: they fetch what others show."""
