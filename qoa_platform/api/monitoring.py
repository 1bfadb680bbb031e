"""Owns monitor: inputs and errors of a model, batch after batch, as alarms."""

from collections.abc import Sequence
from typing import Any

from qoa_platform.api.frames import framed
from qoa_platform.verdicts.detectors.monitor import Alarm, Monitor

__all__ = ["Alarm", "Monitoring", "monitor"]


class Monitoring:
    """What :func:`monitor` made: rows are handed to :meth:`update` in the order of events."""

    __slots__ = ("_columns", "_monitor")

    def __init__(self, columns: dict[str, dict[str, float] | None], inner: Monitor) -> None:
        self._columns, self._monitor = columns, inner

    def __repr__(self) -> str:
        return f"Monitoring({', '.join(self._columns)}; {self.rows:,} rows, one false alarm in {self._monitor.every:,})"

    @property
    def rows(self) -> int:
        """How many rows were seen."""
        return self._monitor.n

    def update(self, inputs: Any = None, errors: Sequence[float] | Any = None) -> list[Alarm]:
        """The alarms of a batch: its *inputs* (a frame, or columns by name), its *errors* (0 or 1), or either.

        Columns that the reference does not have are not looked at; a value that it does not know is one of its own.
        Raises ValueError for inputs and errors of different lengths, or where a column of the reference is missing.
        """
        given = None
        if inputs is not None:
            frame = framed(inputs)
            if absent := sorted(set(self._columns) - set(frame.columns)):
                raise ValueError(f"inputs have no {', '.join(absent)}. Columns: {', '.join(frame.columns)}")
            given = {name: _numbers(frame.get_column(name), codes) for name, codes in self._columns.items()}
        return self._monitor.update(given, None if errors is None else _floats(errors))

    def refitted(self) -> None:
        """The model was trained anew: what its errors are is learnt from the next row on."""
        self._monitor.refitted()


def monitor(reference: Any = None, *, every: int = 100_000) -> Monitoring:
    """A monitor of a model with one detector of its errors and one of its inputs; each sees what the other cannot.

    *reference* are inputs that are normal (a frame, columns by name, a path), best those that the model was trained
    on: numbers, or categories, which are told apart by how common they are there. Without it only errors are watched.
    At most one false alarm in *every* rows is raised on average while nothing changes, whatever the error rate. An
    alarm is raised once, and the level after it is learnt anew: ``verdicts.detectors.monitor.Monitor`` says how.

    Raises ValueError for an *every* below 1 000.

    >>> import random
    >>> draw = random.Random(1)
    >>> watch = monitor({"x": [draw.gauss(0, 1) for _ in range(2000)]})
    >>> watch.update({"x": [draw.gauss(0, 1) for _ in range(1500)]}, [draw.random() < 0.1 for _ in range(1500)])
    []
    >>> [alarm.kind for alarm in watch.update({"x": [draw.gauss(1, 1) for _ in range(500)]})]
    ['inputs']
    """
    if reference is None:
        return Monitoring({}, Monitor(every=every))
    frame = framed(reference)
    columns = {name: _codes(frame.get_column(name)) for name in frame.columns}
    known = {name: _numbers(frame.get_column(name), codes) for name, codes in columns.items()}
    return Monitoring(columns, Monitor(known, every=every))


def _codes(column: Any) -> dict[str, float] | None:
    """Categories by how common they are; ``None`` for numbers."""
    import polars as pl  # noqa: PLC0415 (beside the frames)

    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return None
    counts: dict[str, int] = {}
    for value in column.drop_nulls().cast(pl.String).to_list():
        counts[value] = counts.get(value, 0) + 1
    ordered = sorted(counts, key=lambda v: (-counts[v], v))
    return {value: float(i) for i, value in enumerate(ordered)}


def _numbers(column: Any, codes: dict[str, float] | None) -> Any:
    """As numbers; missing is NaN, a category that is not known comes after all others."""
    import polars as pl  # noqa: PLC0415 (beside the frames)

    if codes is None:
        return column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    texts = column.cast(pl.String).to_list()
    return [float("nan") if v is None else codes.get(v, float(len(codes))) for v in texts]


def _floats(errors: Any) -> list[float]:
    return [float("nan") if e is None else float(e) for e in errors]
