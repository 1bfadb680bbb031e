"""Owns start: an Experiment from what is declared of it."""

from qoa_platform.metrics.split_evidence import check_split
from qoa_platform.verdicts.sequential.bounded import BoundedTest
from qoa_platform.verdicts.sequential.errors import ErrorTest
from qoa_platform.verdicts.sequential.experiment import Experiment, Judge
from qoa_platform.verdicts.sequential.means import MeanTest
from qoa_platform.verdicts.sequential.moments import Moments
from qoa_platform.verdicts.sequential.quantiles import QuantileTest
from qoa_platform.verdicts.sequential.rule import Goal, Rule
from qoa_platform.verdicts.sequential.units import Units
from qoa_platform.verdicts.sequential.waiting import PerUnit, Waiting

METRICS = ("mean", "proportion", "quantile", "errors")
SCALES = ("difference", "ratio")


def start(
    metric: str, *, split: tuple[float, float] = (0.5, 0.5), alpha: float = 0.05, higher: bool | None = None,
    margin: float = 0.0, minimum: float | None = None, relative: bool = False, goal: Goal | None = None,
    clustered: bool = True, per_unit: PerUnit = PerUnit.ROWS, q: float = 0.5, scale: str = "difference",
    window: float | None = None, min_coverage: float = 0.0, burn_in: int = 50, planned: int = 5_000,
    maximum: int | None = None, clip: float | None = None, bounds: tuple[float, float] | None = None,
) -> Experiment:  # fmt: skip
    """An experiment before its first look.

    *clustered*: rows have units that may return. *higher*: more is better (default: yes, of errors no).
    *goal*: ``superior`` by default; of errors ``harmless``, a guard with all of α for harm (``superior`` tests both
    sides by the interval). *scale* is that of the effect of a proportion; that of errors is always the ratio.
    *bounds* of the values: :class:`BoundedTest`, each unit's first row. See :class:`Rule` for *margin*, *minimum*,
    *relative* and *goal*; :class:`MeanTest` for *burn_in* and *planned*; :class:`Waiting` for *window* and *per_unit*;
    :class:`Experiment` for *min_coverage*, *maximum* and *clip*.

    Raises ValueError for what none of these allows.
    """
    _check(metric, scale, alpha, clip, q, min_coverage)
    check_split(split)
    if bounds is not None and not (
        bounds[0] < bounds[1] and metric in {"mean", "proportion"} and scale == "difference"
    ):
        message = f"bounds {bounds} are not allowed. Allowed: low < high, of the difference of a mean or a proportion"
        raise ValueError(message)
    by_events = metric == "errors" or (metric == "proportion" and scale == "ratio")
    better = higher if higher is not None else metric != "errors"
    aim = goal or (Goal.HARMLESS if metric == "errors" else Goal.SUPERIOR)
    rule = Rule(
        higher=better, margin=margin, minimum=minimum, goal=aim, relative=relative, null=1.0 if by_events else 0.0
    )
    units = Units(splits=[split], binary=metric in {"proportion", "errors"}, bounds=bounds)
    judge: Judge
    if by_events:
        guard = metric == "errors" and not better and aim is not Goal.SUPERIOR
        judge = ErrorTest(units=units, margin=margin, guard=guard)
    elif metric == "quantile":
        judge = QuantileTest(q=q, clustered=clustered, alpha=alpha, burn_in=burn_in)
    elif bounds is not None:
        judge = BoundedTest(moments=Moments(clustered=False, shares=[split[1]]), bounds=bounds, alpha=alpha)
        per_unit = PerUnit.FIRST if per_unit is PerUnit.ROWS else per_unit
    else:
        moments = Moments(clustered=clustered and per_unit is PerUnit.ROWS, shares=[split[1]])
        least = minimum if minimum and not relative else None
        judge = MeanTest(moments=moments, alpha=alpha, burn_in=burn_in, planned=planned, minimum=least)
    return Experiment(
        metric=metric, judge=judge, units=units, rule=rule, alpha=alpha, min_coverage=min_coverage, maximum=maximum,
        waiting=Waiting(window=window, per_unit=per_unit), clip=clip,
    )  # fmt: skip


def _check(metric: str, scale: str, alpha: float, clip: float | None, q: float, coverage: float) -> None:
    for name, value, allowed in (("metric", metric, METRICS), ("scale", scale, SCALES)):
        if value not in allowed:
            message = f"{name} {value!r} is not known. Allowed: {', '.join(allowed)}"
            raise ValueError(message)
    for name, number, least in (("alpha", alpha, 0.0), ("q", q, 0.0), ("winsorise", clip, 0.5)):
        if number is not None and not least < number < 1:
            message = f"{name} {number} is not allowed. Allowed: between {least:g} and 1"
            raise ValueError(message)
    if not 0 <= coverage <= 1:
        message = f"min_label_coverage {coverage} is not allowed. Allowed: 0 to 1"
        raise ValueError(message)
