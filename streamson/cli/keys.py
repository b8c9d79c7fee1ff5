"""``streamson keys``: who may publish, hear and steer."""

import socket
from collections.abc import Sequence

import click

from streamson.cli.groups import LazyGroup
from streamson.errors import UsageError
from streamson.wire.limits import DEFAULT_ENDPOINT

SUMMARIES = {
    "new": "Make the key pair of this machine.",
    "show": "Print this machine's public key, and what others paste to connect to it.",
    "allow": "Let a key in, or change what it may.",
    "revoke": "Let a key in no more, wherever it is connected.",
    "list": "List the keys that are let in, and what each may.",
}


class _Keys(LazyGroup):
    def names(self) -> Sequence[str]:
        return list(SUMMARIES)

    def summary(self, name: str) -> str:
        return SUMMARIES[name]

    def load(self, name: str) -> click.Command:
        return {"new": new, "show": show, "allow": allow, "revoke": revoke, "list": list_keys}[name]


@click.group(cls=_Keys)
def command() -> None:
    """Say who may publish to a listener here, hear what it plays, and steer it.

    Where others than this machine reach a listener, they have to show keys. Each machine has one
    pair; the secret half never leaves it. On both machines: streamson keys new. On the listener's:
    streamson keys allow NAME KEY, with the other's public key. On the other: connect with the line
    that "streamson keys show" prints on the listener's. All of it is encrypted.

    The keys are in a folder of the user; STREAMSON_KEYS names another.
    """


@click.command()
def new() -> int:
    """Make the key pair of this machine, and say how another lets it in."""
    from streamson.keys.folder import KeyFolder

    folder = KeyFolder.of_machine()
    pair = folder.make_pair()
    click.echo(f"Made the key pair of this machine in {folder.path}.", err=True)
    click.echo("To let it in on another one, there:", err=True)
    click.echo(f"streamson keys allow {_host()} {pair.public} --publish '*'")
    return 0


@click.command()
@click.option(
    "--endpoint",
    default=DEFAULT_ENDPOINT,
    show_default=True,
    help="Where a listener, a relay or a feed here is bound.",
)
def show(*, endpoint: str) -> int:
    """Print this machine's public key, and what others paste to connect to it."""
    from streamson.keys.folder import KeyFolder
    from streamson.wire.sockets.endpoint import is_local, with_key

    public = KeyFolder.of_machine().pair().public
    click.echo(f"public key  {public}")
    reached = with_key(endpoint, public, _host())
    if is_local(endpoint):
        port = endpoint.rpartition(":")[2]
        reached = with_key(f"tcp://0.0.0.0:{port}", public, _host())
    click.echo(f"endpoint    {reached}")
    return 0


@click.command()
@click.argument("name")
@click.argument("key")
@click.option(
    "--publish",
    multiple=True,
    metavar="PATTERN",
    help="Streams that it may publish, such as 'web3/*', or '*' for all; several times.",
)
@click.option("--hear", is_flag=True, help="It may see and hear what is played: the feed.")
@click.option("--steer", is_flag=True, help="It may send commands, such as volume and mute.")
def allow(*, name: str, key: str, publish: tuple[str, ...], hear: bool, steer: bool) -> int:
    """Let a key in under a name, or change what it may to what is said now."""
    from streamson.keys.folder import KeyFolder
    from streamson.keys.grant import Grant
    from streamson.keys.key import parse_key

    if not (publish or hear or steer):
        raise UsageError(f"what may {name} do? Say --publish '*', --hear, --steer, or several")
    grant = Grant(key=parse_key(key), publish=publish, hear=hear, steer=steer)
    KeyFolder.of_machine().allow(name, grant)
    click.echo(f"{name} may {_told(grant)}.", err=True)
    return 0


@click.command()
@click.argument("name_or_key", metavar="NAME|KEY")
def revoke(*, name_or_key: str) -> int:
    """Let a key in no more, wherever it is connected: within a second it is cut off."""
    from streamson.keys.folder import KeyFolder

    name = KeyFolder.of_machine().revoke(name_or_key)
    click.echo(f"{name} is not let in any more.", err=True)
    return 0


@click.command("list")
def list_keys() -> int:
    """List the keys that are let in, and what each may."""
    from streamson.keys.folder import KeyFolder

    allowed = KeyFolder.of_machine().allowed()
    for mistake in allowed.mistakes:
        click.echo(mistake, err=True)
    if not allowed.grants:
        click.echo("No key is let in. Let one in with: streamson keys allow NAME KEY", err=True)
    width = max(map(len, allowed.names.values()), default=0)
    for key, grant in allowed.grants.items():
        click.echo(f"{allowed.names[key]:{width}}  {key}  {_told(grant)}")
    return 1 if allowed.mistakes else 0


def _told(grant: object) -> str:
    """Return what somebody may, for a person."""
    from streamson.keys.grant import Grant

    assert isinstance(grant, Grant)
    may = [f"publish {' '.join(grant.publish)}"] if grant.publish else []
    may += ["hear"] if grant.hear else []
    may += ["steer"] if grant.steer else []
    return ", ".join(may)


def _host() -> str:
    return socket.gethostname()
