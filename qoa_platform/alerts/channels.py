"""Owns Channels: through which sinks of the outbox people are told, as the project's ``alerts.yaml`` says."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from qoa_platform.alerts.log import Log
from qoa_platform.alerts.pace import Pace
from qoa_platform.ports import Notifier

FILE: Final = "alerts.yaml"
"""Beside ``workspace.yaml``; optional."""


class Channels:
    """The notifiers by sink, and how often each is reminded. Holds in memory when a failing one is tried again.

    >>> Channels.default().sinks
    ('log',)
    """

    def __init__(
        self, notifiers: Mapping[str, Notifier], repeats: Mapping[str, timedelta] | None = None,
        pace: Pace | None = None,
    ) -> None:  # fmt: skip
        self._notifiers = dict(notifiers)
        self._repeats = dict(repeats or {})
        self.pace = pace or Pace()

    @classmethod
    def of(cls, root: Path) -> "Channels":
        """The channels of the project in *root*; only the log where it has no ``alerts.yaml``.

        Raises ContractErrors with all problems at once, each with file, line and column.
        """
        path = Path(root) / FILE
        if not path.exists():
            return cls.default()
        from qoa_platform.alerts.reading import read_channels  # noqa: PLC0415 (YAML only where there is some)

        notifiers: dict[str, Notifier] = {}
        repeats: dict[str, timedelta] = {}
        for channel in read_channels(path):
            notifiers[channel.sink] = channel.notifier()
            if channel.repeat is not None:
                repeats[channel.sink] = channel.repeat
        return cls(notifiers, repeats)

    @classmethod
    def default(cls) -> "Channels":
        """The log, and nothing else."""
        return cls({"log": Log()})

    @property
    def sinks(self) -> tuple[str, ...]:
        """The outbox sinks: ``log``, ``webhook:<name>``, in the order of the file."""
        return tuple(self._notifiers)

    def notifier(self, sink: str) -> Notifier:
        """The notifier of *sink*. Raises KeyError, naming the known ones."""
        if sink not in self._notifiers:
            message = f"no channel has the sink {sink!r}. Known: {', '.join(self._notifiers) or 'none'}"
            raise KeyError(message)
        return self._notifiers[sink]

    def repeat(self, sink: str) -> timedelta | None:
        """After how long an unresolved alert is told again; ``None``: never."""
        return self._repeats.get(sink)

    def __repr__(self) -> str:
        return f"Channels({', '.join(self._notifiers)})"
