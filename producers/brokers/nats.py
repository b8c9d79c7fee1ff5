"""The NATS producer: what is published on subjects, or kept in a stream of JetStream."""

from pathlib import Path
from typing import Final

import click

from streamson._optional import import_optional
from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base import tls
from streamson.producers.base.reading import Production
from streamson.producers.base.secret import secret_option
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers import options as broker_options
from streamson.producers.brokers.address import parse_address
from streamson.producers.brokers.wildcards import tell_in_subjects

REQUIRES: Final = {"nats": "streamson[nats]"}
"""What it imports, and what brings that."""

SCHEMES: Final = {"nats": 4222, "tls": 4222}
"""Of addresses, each with its port."""

MAX_SUBJECTS: Final = 1_000
"""Of one command."""

MAX_CONSUMERS: Final = 50
"""Subjects of a stream of JetStream: the server has a consumer for each."""

MAX_SUBJECT_CHARS: Final = 1_000

_FILE: Final = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="What is published on subjects of NATS, or kept in JetStream.")
@click.argument("url", metavar="[URL]", default="nats://127.0.0.1:4222")
@click.argument("subjects", metavar="[SUBJECT]...", nargs=-1)
@options.stream_template(
    "{subject}",
    "{subject}, with slashes for dots; {1}, {2}, ... its words; and words in the messages",
)
@options.fields
@click.option("--jetstream", metavar="STREAM", help="Read this stream of JetStream.")
@broker_options.since
@broker_options.user
@secret_option("password", "the user's password")
@secret_option("token", "the token")
@click.option("--creds", type=_FILE, metavar="FILE", help="The user's credentials, as nsc writes.")
@click.option("--nkey", type=_FILE, metavar="FILE", help="The seed of the user's nkey.")
@tls.options
def command(
    *,
    url: str,
    subjects: tuple[str, ...],
    stream: str,
    fields: tuple[str, ...],
    jetstream: str | None,
    since: float | None,
    user: str | None,
    password: str | None,
    token: str | None,
    creds: Path | None,
    nkey: Path | None,
    tls_files: tls.TlsFiles,
) -> Production:
    """Publish the numbers that are published on subjects of NATS.

    A subject is a stream. Messages are JSON, a number, a quantity such as "21.5 °C", or ON and OFF.
    Subjects may have the wildcards * and >; without one, all are heard but NATS's own.

    With --jetstream, what a stream keeps is heard as well, and nothing is missed while the server
    is away; what the stream itself has deleted meanwhile is counted.

    \b
    streamson produce nats nats://127.0.0.1:4222 'sensors.>'
    streamson produce nats nats://127.0.0.1 'plant.*.temperature' --stream '{2}'
    streamson produce nats tls://nats.example.org --creds me.creds --jetstream ORDERS --since 1h
    """  # noqa: D301
    address = parse_address(url, SCHEMES, argument="URL")
    if address.path:
        raise UsageError(f"URL: found the path /{address.path}; subjects come after the address")
    _check_subjects(subjects, MAX_SUBJECTS if jetstream is None else MAX_CONSUMERS)
    tell_in_subjects(subjects)
    if since is not None and jetstream is None:
        raise UsageError("--since needs a stream that keeps messages: --jetstream STREAM")
    if jetstream is not None and not _is_stream_name(jetstream):
        raise UsageError(f"--jetstream: found {jetstream[:200]!r}; a stream's name is allowed")
    template = StreamTemplate(stream, known=("subject",))
    ways = {
        "--user": user,
        "a token": token,
        "--creds": creds,
        "--nkey": nkey,
    }
    given = [way for way, value in ways.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)}: one of them is allowed")
    if (user is None) != (password is None):
        raise UsageError(
            "a user and a password belong together: --user NAME and --password-file FILE"
        )
    context = tls.tls_context(
        tls_files, encrypted=address.scheme == "tls" or any(tls_files), to="nats://"
    )
    import_optional("nats", "nats", "the nats producer")
    from streamson.producers.base.asyncio_queue import AsyncioQueue
    from streamson.producers.brokers import nats_identity
    from streamson.producers.brokers.jetstream import JetStreamSource
    from streamson.producers.brokers.nats_source import CoreSource
    from streamson.producers.brokers.nats_tap import NatsTap

    identity = nats_identity.checked(
        user=user, password=password, token=token, creds=creds, nkey=nkey
    )
    source = (
        CoreSource(subjects) if jetstream is None else JetStreamSource(jetstream, subjects, since)
    )
    where = subjects or (">" if jetstream is None else jetstream,)
    tap = NatsTap(
        *(address, source, where),
        template=template,
        fields=fields,
        tls=context,
        identity=identity,
    )
    return Production(AsyncioQueue(tap.run), keep=False)


def _check_subjects(subjects: tuple[str, ...], most: int) -> None:
    """Refuse what is no subject, where the message can name it."""
    if len(subjects) > most:
        raise UsageError(f"SUBJECT: found {len(subjects)}; up to {most} are allowed")
    for subject in subjects:
        words = subject.split(".")
        if (
            not all(words)
            or len(subject) > MAX_SUBJECT_CHARS
            or not subject.isprintable()
            or " " in subject
            or ">" in words[:-1]
            or any(len(word) > 1 and ("*" in word or ">" in word) for word in words)
        ):
            raise UsageError(
                f"SUBJECT: found {subject[:200]!r}; a subject is allowed, with * for one whole "
                "word and > for the rest: sensors.*.temperature, sensors.>"
            )


def _is_stream_name(name: str) -> bool:
    return name.isprintable() and bool(name) and not any(c in " .*>/\\" for c in name)
