"""Samples reach ears: devices, their watchdog, the null device, and the tap with its readers."""
