"""Owns History: earlier days in memory, read by an audit as it reads a ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from qoa_platform.audit import Audited
from qoa_platform.audit.references import References
from qoa_platform.metrics import Metric
from qoa_platform.records import (
    Measurement,
    ModelVersion,
    Pointer,
    PointerKind,
    Profile,
    Promise,
    ReferenceKind,
    StoredState,
    Window,
)

R = TypeVar("R")


@dataclass(slots=True)
class History:
    """What earlier days of one asset held: their measurements, and their states for moving references.

    It answers what an audit asks of a ledger (``audit.reader.Reader``), and nothing is ever written to a file.
    """

    asset: str
    _heads: dict[str, Pointer] = field(default_factory=dict)
    _kept: dict[type, dict[str, Any]] = field(default_factory=dict)
    _series: dict[tuple[type, str], dict[str, Any]] = field(default_factory=dict)
    """The same records by their series: their names are digests, and dear to ask for again."""

    @property
    def days(self) -> tuple[str, ...]:
        """The days that are remembered, oldest first."""
        return tuple(sorted(key.rpartition("|")[2] for key in self._heads))

    def remember(self, window: Window, measurements: Iterable[Measurement], states: Iterable[StoredState] = ()) -> None:
        """Add what was measured in *window*. Raises ValueError where that is not exactly one UTC day."""
        if not window.is_day:
            raise ValueError(f"history of {window} cannot be learnt from. Allowed: windows of exactly one UTC day")
        day, content = window.partition, f"given:{window.partition}"
        key = f"{self.asset}|{day}"
        self._heads[key] = Pointer(
            kind=PointerKind.PUBLISHED, key=key, value=content, generation=1, at=window.end, wall=window.end
        )
        for measured in measurements:
            mine = replace(measured, data=content)
            self._keep(mine, mine.id)
        for state in states:
            own = replace(state, data=content, partition=day, asset=self.asset)
            self._keep(own, own.id)

    def audited(self, window: Window, found: Audited) -> None:
        """Add what an audit of a day found, and the edges that later days are counted on."""
        self.remember(window, found.measurements, found.states)
        for profile in found.profiles:
            self._keep(profile, profile.digest)

    def know(self, version: ModelVersion) -> None:
        """Add a model version, so that its predictions are judged."""
        self._keep(version, version.id)

    def crown(self, model: str, version: str, at: datetime) -> None:
        """Say which version is champion."""
        key = f"{model}|champion"
        self._heads[key] = Pointer(kind=PointerKind.ALIAS, key=key, value=version, generation=1, at=at, wall=at)

    def _keep(self, record: Any, id: str) -> None:  # noqa: A002 (the port's own word)
        self._kept.setdefault(type(record), {})[id] = record
        self._series.setdefault((type(record), record.series), {})[id] = record

    def last(self, kind: type[R], id: str, /) -> R | None:  # noqa: A002 (the port's own word)
        """One record, by its id."""
        found: R | None = self._kept.get(kind, {}).get(id)
        return found

    def find(
        self, kind: type[R], /, *, series: str | Sequence[str] | None = None, ids: Sequence[str] | None = None,
        ends_after: datetime | None = None, newest_first: bool = False,
    ) -> list[R]:  # fmt: skip
        """Records of one kind, by their ids or their series (one after another); without either all of them."""
        kept: dict[str, Any] = self._kept.get(kind, {})
        if ids is not None:
            found: list[Any] = [kept[i] for i in ids if i in kept]
        elif series is None:
            found = list(kept.values())
        else:
            names = [series] if isinstance(series, str) else dict.fromkeys(series)
            found = [r for name in names for r in self._series.get((kind, name), {}).values()]
        if ends_after is not None:
            found = [r for r in found if r.window.end > ends_after]
        return found[::-1] if newest_first else found

    def pointer(self, kind: PointerKind, key: str, /) -> Pointer | None:
        """The head of one pointer."""
        found = self._heads.get(key)
        return found if found is not None and found.kind is kind else None

    def pointers(self, kind: PointerKind, /, prefix: str = "") -> list[Pointer]:
        """The heads of the pointers of a kind."""
        return [h for h in self._heads.values() if h.kind is kind and h.key.startswith(prefix)]


@dataclass(slots=True)
class Given(References):
    """References that were handed in: frozen ones by name, moving ones from the history."""

    profiles: dict[str, Profile] = field(default_factory=dict)

    def profile(self, promise: Promise, metric: Metric) -> Profile | None:
        """The profile for *promise*: that of the name it says (``training``, or its own), or the only one given."""
        reference = promise.reference
        if reference is None or reference.kind in {ReferenceKind.LAST_PARTITIONS, ReferenceKind.PREVIOUS}:
            return References.profile(self, promise, metric)
        name = "training" if reference.kind is ReferenceKind.TRAINING else reference.name or ""
        return self.profiles.get(name) or self.profiles.get("")
