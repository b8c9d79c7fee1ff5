"""Samples reach ears and disks: device, silent clock, player with its watchdog, recorder, files."""
