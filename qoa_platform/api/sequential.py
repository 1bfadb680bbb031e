"""Owns sequential_test: two arms that may be compared after every batch, and the test that remembers its looks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar

import numpy as np
import polars as pl

from qoa_platform.api.frames import framed
from qoa_platform.api.listing import Listing
from qoa_platform.records import SCALES, Unit
from qoa_platform.verdicts.sequential import Batch, Decision, Experiment, Goal, PerUnit, start

LOOKS = 200
"""A stream handed over as a whole is looked at so many times."""
NAMES: Mapping[str, str] = {name: name for name in ("unit", "arm", "value", "time", "matured", "kind")}


@dataclass(slots=True, kw_only=True)
class SequentialTest(Listing):
    """A test in progress: :meth:`update` it with rows as they come; it lists its looks.

    *decision* is the last one. It can be pickled between looks.
    """

    experiment: Experiment
    arms: tuple[Any, Any]
    names: Mapping[str, str]
    last: Decision | None = field(default=None)

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "look": pl.Int64, "outcome": pl.String, "reason": pl.String, "estimate": pl.Float64, "low": pl.Float64,
        "high": pl.Float64, "e_value": pl.Float64, "control": pl.Float64, "treatment": pl.Float64,
        "n_control": pl.Int64, "n_treatment": pl.Int64, "rows": pl.Int64, "split_e": pl.Float64,
        "coverage_control": pl.Float64, "coverage_treatment": pl.Float64, "why": pl.String,
    }  # fmt: skip
    SHOWN = ("look", "outcome", "estimate", "from", "to", "E", "units", "why")

    @property
    def decision(self) -> Decision:
        """The last decision. Raises LookupError before the first look."""
        if self.last is None:
            raise LookupError("there was no look yet. Call update(batch) first")
        return self.last

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row per look, as :meth:`records`."""
        return self.records()

    def update(self, batch: Any, *, now: float | None = None) -> Decision:
        """Look at *batch* (a frame, or columns by name) too. *now*, in the unit of the times, ends observation windows.

        Raises SourceError for what is no table, ValueError for a column that is not there.
        """
        self.last = self.experiment.update(_batch(framed(batch), self.arms, self.names), now)
        return self.last

    def reshare(self, split: tuple[float, float]) -> None:
        """From here on new units are assigned by *split*, as in the next stage of a canary. Raises ValueError."""
        self.experiment.reshare(split)

    def __iter__(self) -> Iterator[Decision]:
        return iter(self.experiment.history)

    def records(self) -> list[dict[str, Any]]:
        """The looks as plain dictionaries."""
        return [_record(decision) for decision in self.experiment.history]

    def cells(self) -> Sequence[Sequence[str]]:
        """The looks as a person reads them, the last one first."""
        return [_cells(decision) for decision in reversed(self.experiment.history)]

    def head(self) -> str:
        """What is tested, and how it stands."""
        said = f"{self.experiment.metric} of {self.arms[1]} against {self.arms[0]}, α {self.experiment.alpha:g}"
        if self.last is None:
            return f"{said}: no look yet"
        ended = f" at look {self.last.stopped}" if self.last.stopped else ""
        lines = [f"{said}: {self.last.outcome}{ended}", f"would change it: {self.last.would_change}"]
        return "\n".join([*lines, *(f"warning: {text}" for text in self.last.warnings)])


def sequential_test(
    metric: str = "mean", *, arms: tuple[Any, Any] = ("control", "treatment"), split: tuple[float, float] = (0.5, 0.5),
    alpha: float = 0.05, margin: float | str | None = None, minimum_effect: float | str | None = None,
    better: str | None = None, goal: str | None = None, unit: str | None = None, arm: str = "arm",
    value: str = "value", time: str | None = None, matured: str | None = None, kind: str | None = None,
    per_unit: str = "rows", window: float | str | None = None, min_label_coverage: float = 0.0, q: float = 0.5,
    scale: str = "difference", winsorise: float | None = None, burn_in: int = 50, planned: int = 5_000,
    max_rows: int | None = None, bounds: tuple[float, float] | None = None, data: Any = None, every: int | None = None,
) -> SequentialTest:  # fmt: skip
    """A test of two *arms* (control, treatment) that may be looked at after every batch and stopped at any look.

    *metric*: the difference of a ``mean``, a ``proportion`` (of 0/1; *scale* ``ratio``: of the rates, by events), a
    ``quantile`` (*q*), or ``errors``: a guard that only asks whether the treatment errs more than *margin* allows.
    If the arms do not differ, the chance of ever naming a benefit or a harm is at most *alpha*, however many looks.

    *split* is how units were assigned, and is checked first. *margin* is how much worse is tolerated, *minimum_effect*
    the least effect worth having (futility): numbers in the metric's unit, ``"5 %"`` of the control, or ``"1.5 x"``;
    the margin of errors is ``"1.5 x"`` if not given, any other 0. *better* is ``higher`` or ``lower`` (default: higher,
    of errors lower). *goal*: ``superior`` (default), ``non-inferior`` (not worse by more than the margin), or
    ``harmless`` (only harm ends it; the default of errors).

    Columns: *unit*, *arm*, *value*, *time*, *matured* and *kind* (of error); those not named are found by these names.
    Without a unit every row is one. *per_unit*: a unit's ``rows`` all count, with the variance of units (default), or
    only its ``first``, or their ``mean`` or ``sum`` once it has matured. *window* (``"7 d"``) is how long every unit is
    observed. *winsorise* (0.999) clips values at that quantile of the distance from the median, frozen early.
    *bounds* that no value leaves give an interval that holds exactly at any size (empirical Bernstein; wider).

    *data* is a stream that is there already: it is looked at every *every* rows (200 times, if not given).

    >>> guard = sequential_test("errors", split=(0.95, 0.05), alpha=0.01)
    >>> rows = {"arm": ["control"] * 57 + ["treatment"] * 3, "value": [0] * 57 + [1] * 3}
    >>> guard.update(rows).outcome
    <Outcome.HARM: 'harm'>

    Raises ValueError for arguments that are not allowed.
    """
    by_ratio = metric == "errors" or (metric == "proportion" and scale == "ratio")
    worse, relative = _amount(margin if margin is not None else ("1.5 x" if metric == "errors" else 0.0), "margin")
    least, share = (None, relative) if minimum_effect is None else _amount(minimum_effect, "minimum_effect")
    if not by_ratio and minimum_effect is not None and worse and share != relative:
        message = f"margin {margin!r} and minimum_effect {minimum_effect!r}: one is relative, one is not. Allowed: both"
        raise ValueError(message)
    experiment = start(
        metric, split=split, alpha=alpha, higher=_one(better, "better", ("higher", "lower")), margin=worse,
        minimum=least, relative=(share if least is not None else relative) and not by_ratio,
        goal=_goal(goal), per_unit=_per_unit(per_unit), q=q, scale=scale, window=_seconds(window),
        min_coverage=min_label_coverage, burn_in=burn_in, planned=planned, maximum=max_rows, clip=winsorise,
        bounds=bounds,
    )  # fmt: skip
    given = {"unit": unit, "time": time, "matured": matured, "kind": kind}
    names = {"arm": arm, "value": value, **{k: v for k, v in given.items() if v is not None}}
    test = SequentialTest(experiment=experiment, arms=arms, names=names)
    if data is not None:
        frame = framed(data)
        step = every or max(-(-frame.height // LOOKS), 1)
        for begin in range(0, max(frame.height, 1), step):
            test.update(frame.slice(begin, step))
    return test


def _batch(frame: pl.DataFrame, arms: tuple[Any, Any], names: Mapping[str, str]) -> Batch:
    for name in names.values():
        if name not in frame.columns:
            message = f"column {name!r} is not there. There are: {', '.join(frame.columns)}"
            raise ValueError(message)
    columns = {k: frame.get_column(v) for k, v in {**NAMES, **names}.items() if v in frame.columns}
    times = _times(columns["time"]) if "time" in columns else None
    if times is not None:
        order = np.argsort(times, kind="stable")
        columns = {k: part.gather(order) for k, part in columns.items()}
        times = times[order]
    matured = columns["matured"].cast(pl.Boolean, strict=False).fill_null(value=False) if "matured" in columns else None
    return Batch(
        unit=columns["unit"].to_list() if "unit" in columns else None, arm=_arms(columns["arm"], arms),
        value=_numbers(columns["value"]), time=times, matured=None if matured is None else matured.to_numpy(),
        kind=columns["kind"].cast(pl.String, strict=False).fill_null("").to_list() if "kind" in columns else None,
    )  # fmt: skip


def _numbers(column: pl.Series) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float64)
    )
    return found


def _times(column: pl.Series) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Times in seconds: those of a clock since 1970, numbers as they are."""
    if column.dtype.is_temporal() and column.dtype != pl.Duration:
        column = column.cast(pl.Datetime("us"), strict=False).dt.epoch("us").cast(pl.Float64) / 1e6
    return _numbers(column)


def _arms(column: pl.Series, arms: tuple[Any, Any]) -> "np.ndarray[tuple[int], np.dtype[np.int8]]":
    """0 for the control, 1 for the treatment, −1 for anything else."""
    found = np.full(len(column), -1, dtype=np.int8)
    numeric = all(isinstance(name, int | float) for name in arms)
    if numeric and (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        values: Any = column.cast(pl.Float64).to_numpy()
        said: list[Any] = [float(name) for name in arms]
    else:
        values = np.array(column.cast(pl.String, strict=False).to_list(), dtype=object)
        said = [str(name).lower() if isinstance(name, bool) else str(name) for name in arms]
    for number, name in enumerate(said):
        found[values == name] = number
    return found


def _amount(value: float | str, name: str) -> tuple[float, bool]:
    """A number, and whether it is relative: ``"5 %"`` is .05, ``"1.5 x"`` is .5."""
    if isinstance(value, int | float):
        return float(value), False
    text, _, unit = value.strip().replace("%", " %").rpartition(" ")
    try:
        number = float(text)
    except ValueError:
        number = inf
    found = {"%": number / 100, "x": number - 1}.get(unit, inf)
    if not 0 <= found < inf:
        message = f"{name} {value!r} is not understood. Allowed: a number, '5 %', or '1.5 x'"
        raise ValueError(message)
    return found, True


def _one(value: str | None, name: str, allowed: tuple[str, str]) -> bool | None:
    if value is not None and value not in allowed:
        message = f"{name} {value!r} is not known. Allowed: {', '.join(allowed)}"
        raise ValueError(message)
    return None if value is None else value == allowed[0]


def _goal(value: str | None) -> Goal | None:
    if value is not None and value not in set(Goal):
        message = f"goal {value!r} is not known. Allowed: {', '.join(Goal)}"
        raise ValueError(message)
    return None if value is None else Goal(value)


def _per_unit(value: str) -> PerUnit:
    if value not in set(PerUnit):
        message = f"per_unit {value!r} is not known. Allowed: {', '.join(PerUnit)}"
        raise ValueError(message)
    return PerUnit(value)


def _seconds(value: float | str | None) -> float | None:
    if value is None or isinstance(value, int | float):
        return None if value is None else float(value)
    number, _, unit = value.partition(" ")
    scale, factor = SCALES.get(unit.strip(), (Unit.ONE, 0.0))
    try:
        return float(number) * (factor if scale is Unit.SECONDS else float("nan")) or None
    except ValueError as error:
        message = f"window {value!r} is not understood. Allowed: seconds, or text such as '7 d'"
        raise ValueError(message) from error


def _record(found: Decision) -> dict[str, Any]:
    effect, arms = found.effect, found.arms
    return {
        "look": found.look, "outcome": str(found.outcome),
        "reason": None if found.reason is None else str(found.reason),
        "estimate": effect.estimate, "low": _finite(effect.low), "high": _finite(effect.high),
        "e_value": found.e_value, "control": effect.values[0], "treatment": effect.values[1],
        "n_control": arms.assigned[0], "n_treatment": arms.assigned[1], "rows": arms.rows, "split_e": arms.split_e,
        "coverage_control": arms.coverage[0], "coverage_treatment": arms.coverage[1], "why": found.why,
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if abs(value) < inf else None


def _cells(found: Decision) -> tuple[str, ...]:
    effect = found.effect
    word = str(found.outcome) if found.reason is None else f"{found.outcome}({found.reason})"
    estimate = "" if effect.estimate is None else f"{effect.estimate:.4g}"
    units = f"{found.arms.assigned[0]:,} : {found.arms.assigned[1]:,}"
    ends = [f"{end:.4g}" for end in found.interval]
    return (str(found.look), word, estimate, *ends, f"{found.e_value:.3g}", units, found.why)
