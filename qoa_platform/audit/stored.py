"""Owns Stored: the kept states of what is published, found by ask; only the content that the pointer names counts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qoa_platform.audit.reader import Reader
from qoa_platform.records import Ask, Measurement, PointerKind, StoredState, Window, measurement_id, short
from qoa_platform.states import State, decode

States = Mapping[str, State]
"""Partition → state."""


@dataclass(slots=True)
class Stored:
    """The published partitions of *asset* in ``[since, until)`` (by partition key), and what was kept of them."""

    ledger: Reader
    asset: str
    since: str | None = None
    until: str | None = None
    _published: dict[str, str] | None = None
    _known: dict[Ask, States] = field(default_factory=dict)

    @property
    def published(self) -> Mapping[str, str]:
        """Partition → digest of the content that is published now, in order of the partitions."""
        if self._published is None:
            prefix = f"{self.asset}|"
            heads = self.ledger.pointers(PointerKind.PUBLISHED, prefix=prefix)
            found = sorted((h.key.removeprefix(prefix), h.value) for h in heads if h.value)
            self._published = {p: d for p, d in found if self._within(p)}
        return self._published

    def _within(self, partition: str) -> bool:
        """Whether it lies in the range; a partition that is no day lies in none but the open one."""
        if (self.since or self.until) and _start(partition) is None:
            return False
        return (self.since is None or partition >= self.since) and (self.until is None or partition < self.until)

    def fetch(self, asks: Iterable[Ask]) -> None:
        """Read the states of *asks* at once: a repaired or late partition has those of its new content alone."""
        wanted = [ask for ask in dict.fromkeys(asks) if ask not in self._known]
        if not wanted or not self.published:
            return
        series = [short(self.asset, ask) for ask in wanted]
        first = _start(next(iter(self.published)))
        found: dict[Ask, dict[str, State]] = {ask: {} for ask in wanted}
        for kept in self.ledger.find(StoredState, series=series, ends_after=first):
            if self.published.get(kept.partition) == kept.data:
                found[kept.ask][kept.partition] = decode(kept.content)
        self._known.update(found)

    def states(self, ask: Ask) -> States:
        """The states of *ask* by partition."""
        self.fetch([ask])
        return self._known.get(ask, {})

    def each(self, ask: Callable[[str], Ask | None]) -> States:
        """The states of an ask that is another one for every partition (one that is told its window)."""
        asked = {p: a for p in self.published if (a := ask(p)) is not None}
        ids = {short("state", a, self.asset, p, self.published[p]): p for p, a in asked.items()}
        kept = self.ledger.find(StoredState, ids=list(ids)) if ids else []
        return {k.partition: decode(k.content) for k in sorted(kept, key=lambda k: k.partition)}

    def measurement(self, series: str, partition: str) -> Measurement | None:
        """What was measured of the published content of one day; ``None`` where nothing was, or it is no day."""
        if _start(partition) is None:
            return None
        found = measurement_id(series, Window.of_partition(partition), self.published[partition])
        return self.ledger.last(Measurement, found)


def _start(partition: str) -> datetime | None:
    try:
        return Window.of_partition(partition).start
    except ValueError:
        return None
