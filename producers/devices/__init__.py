"""Taps of devices at this machine: boards, sensors, amplifiers."""
