"""What every benchmark does at its end."""

import json


def finish(name: str, figure: float, unit: str, hold: float, *, ok: bool) -> int:
    """Print the result as one line of JSON; return the exit code, 1 where it does not hold."""
    print(json.dumps({"name": name, "figure": figure, "unit": unit, "hold": hold, "ok": ok}))
    return 0 if ok else 1
