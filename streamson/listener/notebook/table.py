"""A listener as a table that stands still: where there is no widget, and when it has ended."""

import html
from typing import Any

from streamson._printable import counted


def as_bundle(told: dict[str, Any], note: str = "") -> dict[str, str]:
    """Return a listener in the forms that notebooks take; below the table a line, if any."""
    return {"text/plain": as_text(told), "text/html": as_html(told, note)}


def as_text(told: dict[str, Any]) -> str:
    """Return what a notebook is told of a listener, in lines."""
    lines = [heading(told)]
    lines += [f"alert: {alert['sentence']}" for alert in told["alerts"]]
    lines += [
        f"{row['name']}: {', '.join(filter(None, (_values(row), _state(row))))}"
        for row in told["rows"]
    ]
    return "\n".join([*lines, *_more(told)])


def as_html(told: dict[str, Any], note: str = "") -> str:
    """Return the same as a table, and below it a line, which may be empty."""
    alerts = [f"<li>{html.escape(alert['sentence'])}</li>" for alert in told["alerts"]]
    left = ' style="text-align:left"'
    rows = [
        "".join(
            (
                f'<tr><th scope="row"{left}>{html.escape(row["name"])}</th>',
                *(f"<td{left}>{html.escape(cell)}</td>" for cell in _cells(row)),
                "</tr>",
            )
        )
        for row in told["rows"]
    ]
    names = ("stream", "last values", "last note", "state", "plays")
    head = "".join(f'<th scope="col"{left}>{name}</th>' for name in names)
    parts = [
        f"<p>{html.escape(heading(told))}</p>",
        f"<p>Alerts:</p><ul>{''.join(alerts)}</ul>" if alerts else "",
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        if rows
        else "",
        *(f"<p>{html.escape(line)}</p>" for line in (*_more(told), note) if line),
    ]
    return "\n".join(filter(None, parts))


def heading(told: dict[str, Any]) -> str:
    """Return what a listener is doing, in a line."""
    counts = told["counts"]
    return (
        f"streamson, {told['life']}: {told['endpoint']}, session {told['session']}, "
        f"{counted(told['streams'], 'stream')}, {counted(counts['points'], 'point')}, "
        f"{counted(counts['notes'], 'note')}, {counts['lost']} lost"
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return _values(row), row["note"] or "", _state(row), row["plays"]


def _state(row: dict[str, Any]) -> str:
    return f"{row['state']}{', muted' * row['muted']}"


def _values(row: dict[str, Any]) -> str:
    told = [f"{name} {'?' if value is None else f'{value:.6g}'}" for name, value in row["fields"]]
    return ", ".join([*told, "…"] if row["more_fields"] else told)


def _more(told: dict[str, Any]) -> list[str]:
    left_out = told["streams"] - len(told["rows"])
    return [f"and {counted(left_out, 'stream')} more"] if left_out else []
