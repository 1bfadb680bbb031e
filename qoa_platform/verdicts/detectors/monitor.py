"""Owns Monitor: inputs and errors of a model watched together, with one rate of false alarms, alarms merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import erfc, exp, isfinite, log10, sqrt

import numpy as np
import numpy.typing as npt

from qoa_platform.verdicts.detectors.e_detector import EDetector

Floats = npt.NDArray[np.float64]
STEP = 100
"""Inputs are looked at whenever so many rows have come."""
SPANS = (200, 500, 1_000)
"""Of inputs the newest so many rows are compared with the reference."""
LEARN, SETTLE = 500, 1_000
"""So many errors say what is normal; after an alarm so many rows are let pass before."""
LARGEST = 5_000
"""So many rows of a reference are kept, about."""
TESTS = 2
"""A column is looked at by ranks and by shape."""
MARGIN = 0.02
"""By so much a mean of errors may move beyond that interval: less is no drift that anybody would act on."""
DOUBT = 1e-3
"""The chance that the normal error rate lies beyond what is taken for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Drift, found *at* a row (the first is 1): in the ``inputs`` (which *column*) or the ``errors``.

    *since* is the estimated first row after the change, *statistic* what lies above *level*: of errors the evidence R,
    of inputs −log₁₀ of the probability.
    """

    kind: str
    column: str | None
    at: int
    since: int | None
    statistic: float
    level: float

    def evidence(self) -> dict[str, object]:
        """As plain data."""
        return {name: getattr(self, name) for name in ("kind", "column", "at", "since", "statistic", "level")}


@dataclass(slots=True, kw_only=True)
class _Errors:
    """Errors from 0 to 1 against what they were: an e-detector of each side, from an exact interval of the mean."""

    alpha: float
    learnt: list[float] = field(default_factory=list)
    sides: list[EDetector] = field(default_factory=list)
    wait: int = 0

    def update(self, error: float, at: int) -> Alarm | None:
        if not isfinite(error) or not 0 <= error <= 1:
            return None
        if self.wait:
            self.wait -= 1
            return None
        if not self.sides:
            self.learnt.append(error)
            if len(self.learnt) == LEARN:
                self.sides = self._sided()
            return None
        for detector, x in zip(self.sides, (error, 1 - error), strict=True):
            detector.update(x)
            if detector.alarm and detector.statistic is not None:
                back = detector.n - (detector.since or detector.n)
                return Alarm(
                    kind="errors", column=None, at=at, since=at - back, statistic=detector.statistic,
                    level=detector.level,
                )  # fmt: skip
        return None

    def _sided(self) -> list[EDetector]:
        """Above the upper end, and below the lower end, of the interval (Clopper & Pearson) of the mean."""
        from scipy.special import betaincinv  # noqa: PLC0415 (heavy import)

        n, total = len(self.learnt), sum(self.learnt)
        ends = [
            float(betaincinv(s + 1, n - s, 1 - DOUBT)) if s < n else 1.0 for s in (total, n - total)
        ]  # fmt: skip
        return [EDetector(p0=min(end + MARGIN, 1 - 1e-3), alpha=self.alpha) for end in ends]

    def again(self, wait: int) -> None:
        self.learnt, self.sides, self.wait = [], [], wait


@dataclass(slots=True, kw_only=True)
class _Column:
    """One input against its reference: the newest rows of several spans, by their ranks and by their shape."""

    reference: Floats
    newest: Floats = field(default_factory=lambda: np.empty(0))

    def take(self, values: Floats) -> None:
        """The newest rows; what is older than the longest span joins the reference while that is small."""
        both = np.concatenate([self.newest, values])
        if len(self.reference) < SPANS[-1]:
            self.reference = np.sort(np.concatenate([self.reference, both]))
            return
        older, self.newest = both[: -SPANS[-1]], both[-SPANS[-1] :]
        if len(older) and len(self.reference) < LARGEST:
            self.reference = np.sort(np.concatenate([self.reference, older]))

    def least(self) -> tuple[float, int]:
        """The least probability of what is seen if nothing changed, and the span in which it is seen."""
        spans = [s for s in SPANS if len(self.newest) >= s and len(self.reference) >= SPANS[0]]
        found = [(p, s) for s in spans for p in _chances(self.reference, np.sort(self.newest[-s:]))]
        return min(found, default=(1.0, 0))


@dataclass(slots=True)
class Monitor:
    """A default monitor of a model: one detector of errors, one of inputs, for each is blind to what the other sees.

    Where only p(y given x) changes inputs look the same; where labels are noisy errors hardly move. *errors* (0 or 1,
    or losses within 0 to 1) are held by two e-detectors against an exact 99.9 % interval of their mean over the first
    500, and 2 points beyond; *inputs* by ranks and by KS distance of the newest 200, 500 and 1 000 rows from the
    reference, every 100 rows, at a level shared by all tests, spans and columns (union bound). Together they raise **at
    most one false alarm in *every* rows** on average, half of it each, while nothing changes and rows are independent.

    An alarm is raised once. Then the level of both is learnt anew from the rows after it: 1 000 rows pass, the next
    ones are the reference. Tell it by :meth:`refitted` where the model was trained anew, too. Rows come in the order of
    events; missing and infinite values are left out. Categories are handed in as numbers (codes).

    *reference* are inputs that are normal, by column; without them the first 1 000 rows are. Raises ValueError for an
    *every* below 1 000, or a batch whose columns have different lengths.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> found = Monitor({"x": rng.normal(size=2000)})
    >>> calm = found.update({"x": rng.normal(size=3000)}, errors=rng.random(3000) < 0.1)
    >>> drift = found.update({"x": rng.normal(size=300)}, errors=rng.random(300) < 0.5)
    >>> calm, [(a.kind, 3000 < a.at <= 3060) for a in drift]
    ([], [('errors', True)])
    """

    reference: Mapping[str, Sequence[float] | Floats] = field(default_factory=dict)
    every: int = 100_000
    n: int = 0
    columns: dict[str, _Column] = field(default_factory=dict)
    watch: _Errors = field(init=False)
    pending: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.every < 1_000:  # noqa: PLR2004 (as many rows as are compared)
            raise ValueError(f"every is {self.every}. Allowed: 1 000 rows or more between false alarms")
        self.columns = {name: _Column(reference=_sorted(values)) for name, values in self.reference.items()}
        self.watch = _Errors(alpha=1 / (4 * self.every))

    def update(
        self,
        inputs: Mapping[str, Sequence[float] | Floats] | None = None,
        errors: Sequence[float] | Floats | None = None,
    ) -> list[Alarm]:
        """Fold a batch of rows: their inputs by column, their errors, or either. The alarms, in their order."""
        given = {name: np.asarray(values, dtype=np.float64) for name, values in (inputs or {}).items()}
        wrong = None if errors is None else np.asarray(errors, dtype=np.float64)
        sizes = {len(values) for values in (*given.values(), *([] if wrong is None else [wrong]))}
        if len(sizes) > 1:
            raise ValueError(f"columns of {', '.join(map(str, sorted(sizes)))} rows. Allowed: one length")
        found: list[Alarm] = []
        for start in range(0, max(sizes, default=0), STEP):
            part = slice(start, start + STEP)
            found += self._part(
                {name: v[part] for name, v in given.items()}, None if wrong is None else wrong[part]
            )  # fmt: skip
        return found

    def refitted(self) -> None:
        """The model was trained anew: its errors are learnt from the next row on."""
        self.watch.again(0)

    def _part(self, inputs: Mapping[str, Floats], errors: Floats | None) -> list[Alarm]:
        size = len(errors) if errors is not None else max((len(v) for v in inputs.values()), default=0)
        found: list[Alarm] = []
        for i, error in enumerate(errors if errors is not None else ()):
            alarm = self.watch.update(float(error), self.n + i + 1)
            if alarm is not None:
                found.append(alarm)
                self._again()
        self.n += size
        if self._settled(size):
            self._take(inputs)
            if not found and (alarm := self._moved()) is not None:
                found.append(alarm)
                self._again()
        return found

    def _settled(self, size: int) -> bool:
        """Whether rows are looked at again."""
        before, self.pending = self.pending, max(self.pending - size, 0)
        return before == 0

    def _take(self, inputs: Mapping[str, Floats]) -> None:
        for name, values in inputs.items():
            self.columns.setdefault(name, _Column(reference=np.empty(0))).take(values[np.isfinite(values)])

    def _moved(self) -> Alarm | None:
        alpha = 0.5 / (self.every / STEP * len(SPANS) * TESTS * max(len(self.columns), 1))
        (p, span), column = min(((c.least(), name) for name, c in self.columns.items()), default=((1.0, 0), ""))
        if p > alpha:
            return None
        return Alarm(
            kind="inputs", column=column, at=self.n, since=self.n - span + 1, statistic=-log10(max(p, 1e-300)),
            level=-log10(alpha),
        )  # fmt: skip

    def _again(self) -> None:
        """Everything is learnt anew, of the rows after the change."""
        self.watch.again(SETTLE)
        self.pending = SETTLE
        self.columns = {name: _Column(reference=np.empty(0)) for name in self.columns}


def _chances(reference: Floats, newest: Floats) -> tuple[float, float]:
    """How likely a difference of ranks (Mann & Whitney), and a gap of shares (a bound), are as large by chance."""
    n, m = len(reference), len(newest)
    below = np.searchsorted(reference, newest, side="left") + np.searchsorted(reference, newest, side="right")
    z = abs(float(below.mean()) / (2 * n) - 0.5) / sqrt((n + m + 1) / (12 * n * m))
    return erfc(z / sqrt(2)), min(1.0, 2 * exp(-2 * gap(reference, newest) ** 2 * n * m / (n + m)))


def gap(one: Floats, two: Floats) -> float:
    """Largest gap of the cumulative shares of two sorted samples."""
    both = np.concatenate([one, two])
    first = np.searchsorted(one, both, side="right") / len(one)
    second = np.searchsorted(two, both, side="right") / len(two)
    return float(np.abs(first - second).max())


def _sorted(values: Sequence[float] | Floats) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    return np.sort(found[np.isfinite(found)][:LARGEST])
