"""Owns the false-alarm budget: how many false alarms a contract may raise, spread over its promises, and the spend."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import exp, fsum, inf, isfinite, lgamma, log, sqrt

from qoa_platform.records import Contract, Key, Promise, Status, Subject, Usual, Verdict, Window

MONTH = timedelta(days=30)
"""What is meant by a month: 30 days, so 30 windows of a day."""
DEFAULT = 1.0
"""False alarms a month, of a whole contract that declares none."""
CAREFUL = {"usual": 1 / 60, "drift": 0.001, "detector": 0.001}
"""The largest share of one judgement where nothing is declared; of a learnt bound of days half an alarm a month."""
DETECTORS = frozenset({
    "drift.cusum", "drift.ewma", "drift.page_hinkley", "drift.adwin", "drift.ddm", "drift.kswin", "drift.e_detector",
})  # fmt: skip
"""Metrics whose rate of false alarms their own settings decide: what is left for them is told, and not set."""
LOOSEST = 0.05
"""The largest share of one judgement, whatever is declared."""
CONFIDENCE = 0.95
BISECTIONS = 60
Place = tuple[str, str]
"""Subject and promise, by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one promise may spend: *false_alarms* a month (30 days) in all, over *judgements* windows a month.

    *looks* is how many judgements a window takes: its columns, times its groups and the whole. *kind* says which judge
    spends it: ``usual`` (a learnt band), ``drift`` (a noise floor) or ``detector`` (by its own settings).
    """

    subject: str
    promise: str
    kind: str
    judgements: float
    looks: int
    false_alarms: float

    @property
    def alpha(self) -> float:
        """The chance of a false alarm that one window may have, over all of its looks; in (0, 1)."""
        return self.false_alarms / self.judgements

    @property
    def per_look(self) -> float:
        """The chance of a false alarm of one judgement: *alpha* ÷ *looks* (Bonferroni)."""
        return self.alpha / self.looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A contract's false alarms a month: *declared* (or the default), and the *shares* of its statistical promises.

    The shares sum to no more than what is declared; to less where a share would make one judgement careless.
    """

    contract: str
    declared: float
    by_default: bool
    shares: tuple[Share, ...]

    @property
    def spread(self) -> float:
        """What the shares sum to, false alarms a month."""
        return sum(s.false_alarms for s in self.shares)

    def of(self, subject: str, promise: str) -> Share | None:
        """The share of a promise; ``None`` where its judge has no false-alarm rate (a fixed bound)."""
        return next((s for s in self.shares if (s.subject, s.promise) == (subject, promise)), None)


def equal(promise: Promise) -> float:  # noqa: ARG001 (a weight may look at it)
    """Every promise weighs the same."""
    return 1.0


def spread(
    contract: Contract, *, looks: Mapping[Place, int] | None = None, weight: Callable[[Promise], float] = equal
) -> Budget:
    """The contract's ``false_alarms:`` (a month, for all of it), over the promises whose judge is statistical.

    Those are ``must: usual`` and drift with a bound, which a noise floor guards; fixed bounds have no rate of false
    alarms, and spend nothing. A promise gets ``declared · w / Σw`` (*weight*: equal), and a window of it
    ``share / windows a month``; a window takes one look per column and per group, *looks* where that is known better.
    One look is never judged more carelessly than at 0.05; what a promise may not take goes to the others. Where the
    contract declares nothing all together raise no more than one a month, a learnt bound no more than half of one, and
    a noise floor is passed by 1 in 1,000. Shares are united by Bonferroni: they hold however promises hang together.

    >>> from qoa_platform.contracts import read_text
    >>> text = '''{apiVersion: qoa/v1, kind: QualityContract, name: shop, version: 1, owner: me, false_alarms: 0.5,
    ...   subjects: {sales: {asset: sales, partition: day, promises: [
    ...     {id: volume, metric: data.row_count, must: usual},
    ...     {id: mean, metric: data.mean, columns: [a, b], must: usual},
    ...     {id: some, metric: data.row_count, must: ">= 1"}]}}}'''
    >>> [(s.promise, s.false_alarms, round(s.per_look, 5)) for s in spread(read_text(text)).shares]
    [('volume', 0.25, 0.00833), ('mean', 0.25, 0.00417)]

    Raises ValueError for a weight that is negative or not finite.
    """
    judged = [(s, p, kind) for s in contract.subjects for p in s.promises if (kind := statistical(p)) is not None]
    weights = [weight(p) for _, p, _ in judged]
    if any(not 0 <= w < inf for w in weights):
        raise ValueError(f"weights {weights} cannot share a budget. Allowed: finite numbers ≥ 0")
    by_default, known = contract.false_alarms is None, looks or {}
    declared = DEFAULT if contract.false_alarms is None else contract.false_alarms
    counts = [max(1, known.get((s.id, p.id), looks_of(p))) for s, p, _ in judged]
    caps = [
        (CAREFUL[kind] if by_default else LOOSEST) * count * windows_a_month(s)
        for (s, _, kind), count in zip(judged, counts, strict=True)
    ]
    shares = tuple(
        Share(
            subject=s.id, promise=p.id, kind=kind, judgements=windows_a_month(s), looks=count, false_alarms=granted
        )
        for (s, p, kind), count, granted in zip(judged, counts, poured(declared, weights, caps), strict=True)
    )  # fmt: skip
    return Budget(contract=contract.name, declared=declared, by_default=by_default, shares=shares)


def poured(total: float, weights: Sequence[float], caps: Sequence[float]) -> list[float]:
    """*total* in proportion to *weights*, none above its cap: what one may not take goes to the others.

    >>> poured(1.0, [1, 1, 1], [0.1, 9, 9])
    [0.1, 0.45, 0.45]
    """
    found, open_, left = [0.0] * len(weights), [k for k, w in enumerate(weights) if w > 0], total
    while open_:
        unit = left / sum(weights[k] for k in open_)
        full = [k for k in open_ if caps[k] < unit * weights[k]]
        for k in full or open_:
            found[k] = caps[k] if full else unit * weights[k]
        left -= sum(found[k] for k in full)
        open_ = [k for k in open_ if k not in full] if full else []
    return found


def statistical(promise: Promise) -> str | None:
    """Which judge of *promise* has a rate of false alarms: ``usual``, ``drift``, ``detector``, or ``None``."""
    if isinstance(promise.must, Usual):
        return "usual"
    if promise.metric in DETECTORS:
        return "detector"
    return "drift" if promise.metric.startswith("drift.") else None


def looks_of(promise: Promise) -> int:
    """Judgements that one window takes, as far as the promise says: one per column; groups show in data only."""
    return max(1, len(promise.columns))


def windows_a_month(subject: Subject) -> float:  # noqa: ARG001 (all subjects are judged by the day so far)
    """Windows of a subject in 30 days: windows are UTC days, and a whole table is made anew at most once a day."""
    return MONTH / timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What a promise spent: *judged* windows, the *alarms* among them, and what became of those.

    An alarm is a stretch of violated windows of one key: a lasting fault is one. *accepted* ones were let through by a
    person, so they were false; *confirmed* ones were mended: the data was wrong. *expected* false alarms follow from
    the share and the windows judged; [*low*, *high*] is the 95 % Poisson interval of the alarms that are not confirmed.
    """

    subject: str
    promise: str
    kind: str | None
    declared: float | None
    judged: int
    alarms: int
    accepted: int
    confirmed: int
    expected: float | None
    low: float
    high: float

    @property
    def doubtful(self) -> int:
        """Alarms that may have been false: all but the confirmed ones."""
        return self.alarms - self.confirmed

    @property
    def overspent(self) -> bool:
        """Whether more alarms were not confirmed than the budget explains: what is expected lies below *low*."""
        return self.expected is not None and self.expected < self.low


def spent(
    contract: Contract, budget: Budget, verdicts: Iterable[Verdict], *, accepted: Collection[str] = ()
) -> tuple[Spend, ...]:
    """The spend of every promise of *contract*, in its order. *verdicts* are all of a period, superseded ones too.

    *accepted* are the digests of data that a person let through. A window counts as judged once, and as an alarm when
    it was ever violated: that it was mended confirms the alarm.
    """
    told: dict[Place, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.key.contract == contract.name:
            told.setdefault((verdict.key.subject, verdict.key.promise), []).append(verdict)
    known = frozenset(accepted)
    return tuple(
        _spend((s.id, p.id), budget.of(s.id, p.id), told.get((s.id, p.id), []), known)
        for s in contract.subjects for p in s.promises
    )  # fmt: skip


def _spend(place: Place, share: Share | None, verdicts: Sequence[Verdict], known: Collection[str]) -> Spend:
    found = alarms(verdicts)
    let = [any(v.violated and v.data in known for v in alarm) for alarm in found]
    confirmed = sum(not accepted and _mended(alarm) for accepted, alarm in zip(let, found, strict=True))
    judged = len({v.window for v in verdicts if v.status is not Status.UNKNOWN})
    low, high = poisson(len(found) - confirmed)
    return Spend(
        subject=place[0], promise=place[1], kind=share.kind if share else None,
        declared=share.false_alarms if share else None, judged=judged, alarms=len(found), accepted=sum(let),
        confirmed=confirmed, expected=share.alpha * judged if share else None, low=low, high=high,
    )  # fmt: skip


def alarms(verdicts: Iterable[Verdict]) -> list[tuple[Verdict, ...]]:
    """The stretches of violated windows of each key, oldest first; unknown neither ends nor extends one."""
    by_key: dict[Key, dict[Window, list[Verdict]]] = {}
    for verdict in verdicts:
        by_key.setdefault(verdict.key, {}).setdefault(verdict.window, []).append(verdict)
    found: list[tuple[Verdict, ...]] = []
    for windows in by_key.values():
        stretch: list[Verdict] = []
        for window in sorted(windows):
            told = windows[window]
            if any(v.violated for v in told):
                stretch += told
            elif any(v.satisfied for v in told) and stretch:
                found.append(tuple(stretch))
                stretch = []
        found += [tuple(stretch)] if stretch else []
    return found


def _mended(alarm: Sequence[Verdict]) -> bool:
    """Whether a bad window of it was satisfied when it was judged again: there was something to mend."""
    bad = {v.window for v in alarm if v.violated}
    return any(v.satisfied and v.window in bad for v in alarm)


def poisson(count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of a Poisson mean of which *count* were seen: exact, so never narrower than declared.

    >>> [round(x, 2) for x in poisson(0)], [round(x, 2) for x in poisson(3)]
    ([0.0, 3.69], [0.62, 8.77])

    Raises ValueError for a count below 0 or a confidence outside (0, 1). Source: Garwood (1936), Fiducial limits for
    the Poisson distribution.
    """
    if count < 0 or not (isfinite(confidence) and 0 < confidence < 1):
        raise ValueError(f"no interval for count {count} at confidence {confidence}. Allowed: count ≥ 0, 0 … 1")
    tail = (1 - confidence) / 2
    reach = count + 10 * sqrt(count + 1) + 40
    low = _solved(lambda mean: at_most(count - 1, mean), 1 - tail, reach) if count else 0.0
    return low, _solved(lambda mean: at_most(count, mean), tail, reach)


def at_most(count: int, mean: float) -> float:
    """The chance that a Poisson count of that *mean* is no larger than *count*.

    >>> round(at_most(0, 1.0), 4)
    0.3679
    """
    if mean <= 0:
        return 1.0
    return min(1.0, fsum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count + 1)))


def _solved(falling: Callable[[float], float], target: float, high: float) -> float:
    """Where a *falling* function of a mean reaches *target*, by bisection; *high* is where it lies below."""
    low = 0.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > target else (low, middle)
    return (low + high) / 2
