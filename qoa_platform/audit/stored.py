"""Owns Stored: the kept states of what is published, found by ask; only the content that the pointer names counts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qoa_platform.audit.candidate import content_of
from qoa_platform.ports import Ledger
from qoa_platform.records import WHOLE, Ask, Measurement, PointerKind, StoredState, Window, short
from qoa_platform.states import State, decode

States = Mapping[str, State]
"""Partition → state."""


@dataclass(slots=True)
class Stored:
    """The published partitions of *asset* in ``[since, until)`` (by partition key), and what was kept of them."""

    ledger: Ledger
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
        found = self.beside(lambda p, _: ask(p), dict.fromkeys(self.published, ("",)))
        return {p: state for p, (_, state) in found.items()}

    def beside(
        self, ask: Callable[[str, str], Ask | None], contents: Mapping[str, Iterable[str]]
    ) -> Mapping[str, tuple[str, State]]:
        """By partition the state last kept of an ask that names what stood beside, and which of *contents* that was."""
        ids = {
            short("state", asked, self.asset, p, self.published[p]): (p, content)
            for p, those in contents.items() for content in those if (asked := ask(p, content)) is not None
        }  # fmt: skip
        kept = self.ledger.find(StoredState, ids=list(ids)) if ids else []
        newest = {ids[k.id][0]: k for k in sorted(kept, key=lambda k: k.at)}
        return {p: (ids[newest[p].id][1], decode(newest[p].content)) for p in sorted(newest)}

    def contents(self, other: str) -> Mapping[str, tuple[str, ...]]:
        """By partition every content of the asset *other* that ever stood beside it: of its whole, or its day.

        Beside a partition that is all of its asset stand all days of the other one together, as they are now.
        """
        heads = self.ledger.pointers(PointerKind.PUBLISHED, prefix=f"{other}|")
        names = {h.key.removeprefix(f"{other}|"): h for h in heads}
        known: dict[str, tuple[str, ...]] = {}
        for name in {p for p in (*self.published, WHOLE) if p in names}:
            head = names[name]
            moves = self.ledger.moves(PointerKind.PUBLISHED, head.key) if head.generation > 1 else ()
            known[name] = tuple(dict.fromkeys(v for v in (head.value, *(m.value for m in moves)) if v))
        together = {name: h.value for name, h in names.items() if h.value} if WHOLE in self.published else {}
        if together and WHOLE not in names:  # as they stand now: what stood before cannot be put together again
            known[WHOLE] = (content_of(together),)
        return {p: (*known.get(p, ()), *(known.get(WHOLE, ()) if p != WHOLE else ())) for p in self.published}

    def measured(self, series: str) -> Mapping[str, Measurement]:
        """By partition that is a day what was last measured of its published content."""
        days = {start: p for p in self.published if (start := _start(p)) is not None}
        first = min(days, default=None)
        found = [] if first is None else self.ledger.find(Measurement, series=series, ends_after=first)
        own = [(days.get(m.window.start), m) for m in sorted(found, key=lambda m: m.at)]
        return {p: m for p, m in own if p is not None and m.data == self.published[p]}


def _start(partition: str) -> datetime | None:
    try:
        return Window.of_partition(partition).start
    except ValueError:
        return None
