"""Owns Family: one Prometheus metric whose series are bounded in number and whose labels are fit to be scraped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from qoa_platform.records import printable

LIMIT: Final = 10_000
"""Series of one metric, at most; what comes beyond is folded into one with the labels ``__overflow__``."""
OVERFLOW: Final = "__overflow__"
LONGEST: Final = 128
"""Characters of a label's value, at most."""

Fold = Callable[[float, float], float]


def total(a: float, b: float) -> float:
    """Folds counts: the sum."""
    return a + b


def oldest(a: float, b: float) -> float:
    """Folds times: the earlier one, so that a watchdog sees the worst."""
    return min(a, b)


@dataclass(slots=True, kw_only=True)
class Family:
    """A metric under construction. *fold* says what becomes of two values for one series; ``None``: they have no sum.

    Labels are made printable (one lone surrogate would make the whole scrape fail) and short. Two that are equal then
    are one series; a value that cannot be folded is left out and counted in *folded*.

    >>> waiting = Family(name="x", about="Counted.", labels=("sink",), fold=total, limit=2)
    >>> for name in ("a", "b", "c"):
    ...     waiting.add((name,), 1.0)
    >>> waiting.series, waiting.folded
    ({('a',): 1.0, ('__overflow__',): 2.0}, 2)
    """

    name: str
    about: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"
    fold: Fold | None = None
    limit: int = LIMIT
    series: dict[tuple[str, ...], float] = field(default_factory=dict)
    folded: int = 0

    def add(self, values: Sequence[object], value: float) -> None:
        """Add one series, or fold it into what is there."""
        key = tuple(label(v) for v in values)
        if key not in self.series and len(self.series) >= self.limit - 1:
            self.folded += 1
            key = (OVERFLOW,) * len(self.labels)
            if self.fold is None:
                return
        if key not in self.series:
            self.series[key] = value
        elif self.fold is None:
            self.folded += 1
        else:
            self.series[key] = self.fold(self.series[key], value)

    def metric(self) -> Metric:
        """The metric as prometheus-client writes it."""
        kind = GaugeMetricFamily if self.kind == "gauge" else CounterMetricFamily
        made = kind(self.name, self.about, labels=self.labels)
        for key, value in self.series.items():
            made.add_metric(key, value)
        return made


def label(value: object) -> str:
    """*value* as a label: one printable line of at most 128 characters."""
    return printable(str(value), LONGEST)
