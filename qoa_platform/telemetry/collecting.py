"""Owns LedgerCollector: the ledger as Prometheus metrics, in base units, with labels from declared names only."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from qoa_platform.ports import Clock, Ledger
from qoa_platform.records import Pointer, PointerKind, Status
from qoa_platform.telemetry.families import LIMIT, Family, Fold, oldest, total
from qoa_platform.telemetry.view import Head, View
from qoa_platform.verdicts.budget import spread

LOGGER: Final = logging.getLogger("qoa.telemetry")
Make = Callable[..., Family]

OUTBOX: Final = 10_000
"""A backlog is counted up to here."""

PROMISE: Final = ("contract", "subject", "promise")


class LedgerCollector(Collector):
    """What ``/metrics`` shows, folded from the ledger at every scrape; what was read is kept for the next one.

    A ledger that cannot be read gives ``qoa_ledger_up 0`` and nothing else: no value is shown that was not measured,
    and a scrape never raises.
    """

    def __init__(self, ledger: Ledger, clock: Clock, sinks: Sequence[str] = (), limit: int = LIMIT) -> None:
        self._ledger, self._clock, self._sinks, self._limit = ledger, clock, tuple(sinks), limit
        self._view = View()
        self._guard = Lock()

    def describe(self) -> Iterator[Metric]:
        """Nothing: a registry must not read the ledger to learn names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        with self._guard:
            try:
                position = self._view.refresh(self._ledger, self._clock.at())
                families = self._families(position)
            except Exception:  # whatever is wrong with the ledger: say so, and keep answering
                LOGGER.exception("the ledger could not be read for a scrape")
                self._view, families = View(), []
        up = float(bool(families))
        yield GaugeMetricFamily("qoa_ledger_up", "Whether the ledger could be read (1) or not (0).", value=up)
        yield from (family.metric() for family in families)

    def _families(self, position: int) -> list[Family]:
        make = partial(Family, limit=self._limit)
        champions = [p for p in self._ledger.pointers(PointerKind.ALIAS) if p.key.endswith("|champion")]
        every = [
            *_promises(make, self._view, {p.key.partition("|")[0]: p.value for p in champions}),
            *_reactions(make, self._view),
            *_standing(make, self._view, self._ledger.pointers(PointerKind.HOLD), champions),
            *self._outbox(make),
            _single("qoa_ledger_position", "The ledger's position: it grows with every commit.", position),
            _single(
                "qoa_clock_timestamp_seconds", "The clock that reactions go by: real, or a replay's.",
                self._clock.at().timestamp(),
            ),
        ]  # fmt: skip
        about = "Series of a metric that were folded into __overflow__ (or left out) in this scrape."
        folded = Family(name="qoa_folded_series", about=about, labels=("metric",), fold=total)
        for family in every:
            folded.add((family.name,), float(family.folded))
        return [*every, folded]

    def _outbox(self, make: Make) -> list[Family]:
        waiting = make(
            name="qoa_outbox_waiting",
            about="Messages of a sink that wait to be delivered.",
            labels=("sink",),
            fold=total,
        )
        about = "Time (of the clock that reactions go by) of the oldest message that waits for a sink."
        since = make(name="qoa_outbox_oldest_timestamp_seconds", about=about, labels=("sink",), fold=oldest)
        for sink in self._sinks:
            found = self._ledger.outbox(sink, OUTBOX)
            waiting.add((sink,), float(len(found)))
            if found:
                since.add((sink,), found[0][1].time.timestamp())
        return [waiting, since]


def _single(name: str, about: str, value: float) -> Family:
    family = Family(name=name, about=about)
    family.add((), float(value))
    return family


def _standing(make: Make, view: View, holds: Sequence[Pointer], champions: Sequence[Pointer]) -> list[Family]:
    """What stands open: episodes and holds; whose word is how old; who is champion for the how-many-th time."""
    episodes = make(
        name="qoa_episodes_open", about="Open episodes of a promise.", labels=(*PROMISE, "severity"), fold=total
    )
    for open_ in view.episodes.values():
        episodes.add(open_, 1.0)
    held = make(name="qoa_holds", about="Holds that stand on assets or models.", labels=("kind",), fold=total)
    counts = Counter(p.key.partition(":")[0] for p in holds if p.value is not None)
    for kind in ("asset", "model"):
        held.add((kind,), float(counts[kind]))
    about = "Wall-clock time at which a verdict of the contract was written last; 0: never. For watchdogs."
    evaluated = make(name="qoa_last_evaluation_timestamp_seconds", about=about, labels=("contract",), fold=oldest)
    for name in view.contracts:
        last = view.evaluated.get(name)
        evaluated.add((name,), last.timestamp() if last is not None else 0.0)
    about = "Moves of a model's champion alias so far: it grows with each promotion and rollback."
    generations = make(name="qoa_champion_generation", about=about, labels=("model",), fold=total)
    for pointer in champions:
        generations.add((pointer.key.partition("|")[0],), float(pointer.generation))
    return [episodes, held, evaluated, generations]


def _reactions(make: Make, view: View) -> list[Family]:
    about = "Reactions by kind and by what became of them last; decided: nothing yet."
    states = make(name="qoa_reactions", about=about, labels=("contract", "kind", "state"), fold=total)
    about = "Attempts of reactions: every run of a rerun or retrain counts."
    attempts = make(name="qoa_reaction_attempts", about=about, labels=("contract", "kind"), fold=total, kind="counter")
    for reaction, (contract, kind) in view.reactions.items():
        state, attempt = view.outcomes.get(reaction, ("decided", 0))
        states.add((contract, kind, state), 1.0)
        attempts.add((contract, kind), float(attempt))
    return [states, attempts]


_OF: Final = "of a promise's last window"
_TIMES: Final = "_timestamp_seconds"


def _promises(make: Make, view: View, champions: Mapping[str, str | None]) -> list[Family]:
    named = (*PROMISE, "metric", "severity")
    info = make(name="qoa_promise_info", about="A promise in force.", labels=named, fold=total)
    status = make(
        name="qoa_verdict_status",
        about=f"The verdict {_OF}: 1 for what it is.",
        labels=(*PROMISE, "status"),
        fold=total,
    )
    grouped = make(
        name="qoa_verdict_groups", about=f"Groups {_OF} by their verdict (promises with by:).",
        labels=(*PROMISE, "status"), fold=total,
    )  # fmt: skip
    numbers = _numbers(make)
    for place in view.places():
        info.add(place[:5], 1.0)
        head = view.head(place, champions.get(place.model) if place.model is not None else None)
        groups = view.by_group(place)
        for one in Status:
            if head is not None:
                status.add((*place[:3], one), float(head.status is one))
            if groups:
                grouped.add((*place[:3], one), float(sum(g.status is one for g in groups)))
        for family, read in numbers:
            if head is not None and (value := read(head)) is not None:
                family.add(place[:3], value)
    return [info, status, grouped, _declared(make, view), *(family for family, _ in numbers)]


def _declared(make: Make, view: View) -> Family:
    """What each promise with a learnt bound or a noise floor may raise."""
    about = "False alarms a month (30 days) that a promise may raise: its share of the contract's budget."
    declared = make(name="qoa_false_alarms_declared", about=about, labels=PROMISE, fold=total)
    for contract in view.contracts.values():
        for share in spread(contract).shares:
            declared.add((contract.name, share.subject, share.promise), share.false_alarms)
    return declared


def _numbers(make: Make) -> list[tuple[Family, Callable[[Head], float | None]]]:
    """Each number of a verdict: its metric, and how it is read."""
    facts: list[tuple[str, str, Fold | None, Callable[[Head], float | None]]] = [
        ("value", f"Observed value {_OF}, in the metric's base unit.", None, lambda head: head.value),
        (
            "margin",
            f"Signed margin {_OF}, in the metric's base unit; negative: violated.",
            None,
            lambda head: head.margin,
        ),
        ("observations", f"How many observations the value {_OF} rests on.", total, lambda head: float(head.n)),
        ("window_end" + _TIMES, f"Event time: the end {_OF}.", oldest, lambda head: head.end.timestamp()),
        (_TIMES[1:], f"Wall-clock time of the verdict {_OF}.", oldest, lambda head: head.wall.timestamp()),
    ]
    return [(make(name=f"qoa_verdict_{n}", about=a, labels=PROMISE, fold=f), read) for n, a, f, read in facts]
