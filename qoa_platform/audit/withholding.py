"""Owns withholding: which asks have answers, and which errors words, that hold values of sensitive columns."""

from collections.abc import Collection
from dataclasses import replace

from qoa_platform.metrics import Metric
from qoa_platform.metrics.class_metric import ClassMetric
from qoa_platform.records import Ask, Reading, Reason

HOLDING = frozenset({
    "frequencies", "confusion", "keys", "distinct_sketch", "quantile_sketch", "span", "fields",
})  # fmt: skip
"""States with values of their columns in them, or bare hashes of such, which can be guessed."""


def withheld(ask: Ask, sensitive: Collection[str]) -> bool:
    """Whether the answer to *ask* holds values of *sensitive* columns, and must not be stored.

    So do groups (their names are values), and the states of ``HOLDING``: values, the least and the greatest of them,
    samples, and hashes without a key. Counts, moments, sums and histograms hold none, and masks (``a9``) name nobody.
    An ask of no column may read all of them; a user's own aggregates may read what they do not name.

    >>> names = Ask(state="frequencies", columns=("name",))
    >>> withheld(names, ["name"]), withheld(names, ["shop"]), withheld(names, [])
    (True, False, False)
    """
    if not sensitive:
        return False
    hidden = set(sensitive)
    if hidden & set(ask.by):
        return True
    if ask.state not in HOLDING or ("of", "mask") in ask.params:
        return False
    return not ask.columns or ask.state == "fields" or bool(hidden & set(ask.columns))


def untold(reading: Reading, metric: Metric, sensitive: Collection[str]) -> Reading:
    """*reading*, without what was said when it failed where that may quote a value of *sensitive* columns.

    What a metric raises is kept only where it names its columns, none of them is sensitive, and no filter read others;
    of a user's own class never, for it may read what it does not name.
    """
    if reading.reason is not Reason.ERROR or not sensitive:
        return reading
    own = isinstance(metric, ClassMetric) or "where" in dict(metric.params)
    if not own and metric.columns and not set(sensitive) & set(metric.columns):
        return reading
    said = f"{metric.id} failed on sensitive columns; what was said may quote a value and is not kept"
    return replace(reading, cause=said)
