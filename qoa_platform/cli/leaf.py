"""Owns Leaf: a command as all of ours are: ``--json``, ``--traceback``, an example and its exit codes in the help."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from qoa_platform.cli.exits import Exit

TRACEBACK = "qoa.traceback"
"""Where the contexts of one call keep whether a traceback is wanted."""

Function = Callable[..., Any]


class Leaf(click.Command):
    """A command with an *example* (lines a person may type) and the exit codes it may end with."""

    def __init__(self, *args: Any, example: Sequence[str] = (), exits: Sequence[Exit] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.example = tuple(example)
        self.exits = tuple(dict.fromkeys((Exit.DONE, *exits, Exit.USAGE)))
        self.params += [json_option(), traceback_option()]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """The examples and the exit codes, below the options."""
        with formatter.section("Example"):
            for line in self.example:
                formatter.write_text(f"$ {line}")
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), code.says) for code in sorted(self.exits)])


def json_option() -> click.Option:
    """``--json``, handed to the command as *as_json*."""
    return click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object instead of text.")


def traceback_option() -> click.Option:
    """``--traceback``, remembered in the context, handed to no command."""
    return click.Option(
        ["--traceback"], is_flag=True, expose_value=False, envvar="QOA_TRACEBACK", show_envvar=True,
        callback=_remember, help="Show where in the code an error arose.",
    )  # fmt: skip


def _remember(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 (click's signature)
    ctx.meta[TRACEBACK] = bool(value) or bool(ctx.meta.get(TRACEBACK))


def leaf(
    *, example: Sequence[str], exits: Sequence[Exit] = (Exit.PROJECT, Exit.LEDGER), name: str | None = None
) -> Callable[[Function], Leaf]:
    """Make a function a command. Its docstring is the help; it gets ``as_json`` besides its own parameters."""
    return click.command(name=name, cls=Leaf, example=tuple(example), exits=tuple(exits))


def actor_option(function: Function) -> Function:
    """``--actor``: who is acting, as the ledger remembers it."""
    return click.option("--actor", default=user, help="Who is acting.  [default: your user name]")(function)


def reason_option(function: Function) -> Function:
    """``--reason``: why, as the ledger remembers it. Always asked for."""
    return click.option("--reason", required=True, callback=_said, help="Why. It is kept for ever.")(function)


def _said(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not value.strip():
        message = "--reason is empty. Allowed: a sentence that will make sense in a year"
        raise click.BadParameter(message)
    return value.strip()


def user() -> str:
    """The operating system's name for whoever runs this; ``uid:…`` where it has none (a container)."""
    import os
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return f"uid:{os.getuid()}"
