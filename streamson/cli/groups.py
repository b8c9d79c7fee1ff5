"""Groups whose commands are loaded when they are called, not before."""

from collections.abc import Sequence

import click

from streamson.errors import nearest


class LazyGroup(click.Group):
    """A group that knows its commands by name, and loads one when it is called.

    What is to be defined: `names`, `summary` and `load`.
    """

    def names(self) -> Sequence[str]:
        """Return the commands' names in the order in which they are explained."""
        raise NotImplementedError

    def summary(self, name: str) -> str:
        """Return a command's one-line help."""
        raise NotImplementedError

    def load(self, name: str) -> click.Command:
        """Return a command."""
        raise NotImplementedError

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the names of the commands."""
        return list(self.names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, or None if there is none of that name."""
        return self.load(cmd_name) if cmd_name in self.names() else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; for a mistyped one, name those there are."""
        names = self.names()
        if args[0] not in names and not args[0].startswith("-"):
            ctx.fail(
                f'no command "{args[0]}"{nearest(args[0], names)}; there are: {", ".join(names)}'
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.summary(name)) for name in self.names()])
