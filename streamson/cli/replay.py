"""``streamson replay``: the producer of that name, which is run as every other."""

from streamson.cli.produce import producer_command

command = producer_command("replay")
