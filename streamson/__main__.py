"""``python -m streamson`` is the command line."""

from streamson.cli import main

main()
