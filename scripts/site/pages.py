"""Write the pages of the documentation site: those of docs/, and those made of the program itself.

python scripts/site/pages.py FOLDER
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contexts import contexts

import streamson
from streamson.cli import cli
from streamson.session.parse.document import session_schema

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE = "session_keys.md"
"""What no other folder has."""


def moved(text: str) -> str:
    """Return a page of the project's root with its links as they are on the site."""
    text = text.replace("](docs/", "](").replace('="docs/', '="')
    text = text.replace("](CHANGELOG.md)", "](changes.md)")
    text = text.replace("](CONTRIBUTING.md)", "](contributing.md)")
    return re.sub(r"\[CODE_OF_CONDUCT\.md\]\([^)]*\)", "CODE_OF_CONDUCT.md", text)


def commands() -> Iterator[str]:
    """Yield the page of all commands: their own help."""
    yield "# Commands\n\nWhat `--help` of each says.\n"
    for context in contexts(cli, "streamson"):
        yield f"\n## {context.command_path}\n\n```text\n{context.command.get_help(context)}\n```\n"


def python() -> Iterator[str]:
    """Yield the page of what programs import."""
    yield "# Python\n\nAll of it is in `streamson` itself: `from streamson import Publisher`.\n"
    for name in streamson.__all__:
        if not name.startswith("__"):
            home = getattr(streamson, name).__module__
            yield f"\n::: {home}.{name}\n"


def session_keys() -> Iterator[str]:
    """Yield the page of all that a session may say, made of its schema."""
    yield "# Every key of a session\n\nMade of what `streamson session schema` prints.\n"
    for name, schema in sorted(session_schema()["properties"].items()):
        title = f"[[{name}]]" if schema["type"] == "array" else f"[{name}]"
        yield f"\n## `{title}`\n\n| key | what is allowed | |\n|---|---|---|\n"
        of_table = schema["items"] if schema["type"] == "array" else schema
        for key, text, about in rows(of_table, ""):
            yield f"| `{key}` | {text} | {about} |\n"


def rows(schema: dict[str, Any], before: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, what is allowed, and what it is in, of a table and those in it."""
    for name, of_key in schema.get("properties", {}).items():
        key = f"{before}{name}"
        tables = [one for one in (of_key, *of_key.get("anyOf", [])) if "properties" in one]
        yield key, allowed(of_key), of_key.get("description", "")
        for table in tables:
            yield from rows(table, f"{key}.")


def allowed(schema: dict[str, Any]) -> str:
    """Return in words what a schema allows."""
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(allowed(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        kind = " or ".join(kind)
    if kind == "object":
        return "a table"
    if kind == "array":
        of_what = allowed(schema["items"]) if "items" in schema else "anything"
        return f"a list of: {of_what}"
    return f"{kind}{_range(schema.get('minimum'), schema.get('maximum'))}"


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" {low:g} to {high:g}"
    if low is not None:
        return f", {low:g} or more"
    return "" if high is None else f" up to {high:g}"


def main() -> None:
    folder = Path(sys.argv[1])
    is_ours = (ROOT / "build") in folder.resolve().parents or (folder / MADE).exists()
    if folder.exists() and not is_ours:
        sys.exit(f"{folder} holds something else than these pages, which are made anew")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder)
    for name in ("extra.css", "extra.js"):
        shutil.copy(Path(__file__).with_name(name), folder)
    shutil.copy(ROOT / "streamson" / "live" / "web" / "page" / "icon.svg", folder)
    copied = {"README.md": "index.md", "CHANGELOG.md": "changes.md"}
    for name, page in (copied | {"CONTRIBUTING.md": "contributing.md"}).items():
        (folder / page).write_text(moved((ROOT / name).read_text("utf-8")), "utf-8")
    for page, made in (("commands", commands), ("python", python), ("session_keys", session_keys)):
        (folder / f"{page}.md").write_text("".join(made()), "utf-8")


if __name__ == "__main__":
    main()
