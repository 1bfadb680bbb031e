"""Owns LazyGroup: a group that knows its commands by name and one line, and imports one only when it is run."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a command lives, and what is said of it in the list: both known without importing it."""

    module: str
    attribute: str
    summary: str
    section: str = "Commands"


class LazyGroup(click.Group):
    """A group over *entries*. Its help lists them by section in the order given and imports none of them."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **more: Any) -> None:
        super().__init__(*args, **more)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Every name, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's)
        """The command of that name, imported now; ``None`` when there is none."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        found = getattr(import_module(entry.module), entry.attribute)
        if not isinstance(found, click.Command):
            message = f"{entry.module}.{entry.attribute} is {type(found).__name__}. Allowed: a click command"
            raise TypeError(message)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but an unknown name is answered with the nearest guess and all that are known."""
        if args and args[0] not in self.entries and not args[0].startswith("-"):
            raise click.UsageError(no_command(args[0], list(self.entries)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The one-line helps of the table, by section."""
        width = max(map(len, self.entries))
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            with formatter.section(section):
                rows = [(n.ljust(width), e.summary) for n, e in self.entries.items() if e.section == section]
                formatter.write_dl(rows)


def no_command(word: str, known: list[str]) -> str:
    """What is said of a command that does not exist.

    >>> no_command("statsu", ["status", "why"])
    "unknown command 'statsu'. Did you mean 'status'? Known: status, why"
    """
    near = get_close_matches(word, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown command {word!r}.{hint} Known: {', '.join(known)}"
