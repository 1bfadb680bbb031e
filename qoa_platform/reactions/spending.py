"""Owns spending: what a contract's promises spent of its false-alarm budget over a period, read from the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qoa_platform.ports import Ledger
from qoa_platform.records import Contract, PointerKind, Verdict
from qoa_platform.verdicts.budget import Budget, Place, Spend, looks_of, poisson, spent, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The *budget* of a contract and the spend of its *promises* over the windows that ended in a period."""

    contract: str
    version: int
    since: datetime | None
    until: datetime
    budget: Budget
    promises: tuple[Spend, ...]

    @property
    def counted(self) -> tuple[Spend, ...]:
        """Those that share the budget."""
        return tuple(s for s in self.promises if s.kind is not None)

    @property
    def expected(self) -> float:
        """False alarms that the budget explains, for what was judged."""
        return sum(s.expected or 0.0 for s in self.counted)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Poisson interval of the alarms of learnt bounds and noise floors that are not confirmed."""
        return poisson(sum(s.doubtful for s in self.counted))

    @property
    def overspent(self) -> bool:
        """Whether the budget does not explain so many: a promise is too strict, or something is wrong and lasts."""
        return self.expected < self.interval[0]


def spending(
    contract: Contract, verdicts: Sequence[Verdict], *, accepted: Sequence[str], since: datetime | None, until: datetime
) -> Spending:
    """The spend of *contract* over windows that ended in ``(since, until]``. Pure.

    History that was imported raised no alarm, and is left out. *accepted* are digests of data that a person let
    through.
    """
    counted = [
        v for v in verdicts
        if v.key.contract == contract.name and not v.imported and v.window.end <= until
        and (since is None or v.window.end > since)
    ]  # fmt: skip
    budget = spread(contract, looks=_looks(contract, counted))
    return Spending(
        contract=contract.name, version=contract.version, since=since, until=until, budget=budget,
        promises=spent(contract, budget, counted, accepted=accepted),
    )  # fmt: skip


def spending_of(ledger: Ledger, contract: Contract, *, since: datetime | None, until: datetime) -> Spending:
    """As :func:`spending`, of what the *ledger* holds."""
    accepted = [head.value for head in ledger.pointers(PointerKind.ACCEPTED) if head.value is not None]
    verdicts = ledger.find(Verdict, ends_after=since)
    return spending(contract, verdicts, accepted=accepted, since=since, until=until)


def _looks(contract: Contract, verdicts: Sequence[Verdict]) -> dict[Place, int]:
    """Judgements of a window: the columns of a promise, times the groups that were seen, and the whole."""
    groups: dict[Place, set[str]] = {}
    for verdict in verdicts:
        if verdict.key.group is not None:
            groups.setdefault((verdict.key.subject, verdict.key.promise), set()).add(verdict.key.group)
    return {
        (s.id, p.id): looks_of(p) * (1 + len(groups.get((s.id, p.id), ())))
        for s in contract.subjects
        for p in s.promises
    }
