"""What plays a part of a stream: its mappings, its timing, its bands and beacons."""
