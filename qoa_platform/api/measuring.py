"""Owns measure: metrics of a frame or a file, without a contract and without a ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import polars as pl

from qoa_platform.api.asking import GIVEN, Wish, metrics_of, subject_of, wishes
from qoa_platform.api.frames import framed
from qoa_platform.api.readings import Readings
from qoa_platform.metering import resident_bytes
from qoa_platform.metrics.facts import Facts
from qoa_platform.metrics.facts import told as aware
from qoa_platform.profiles import freeze, wanted
from qoa_platform.records import Profile, Subject, Window
from qoa_platform.scans import measure as scan
from qoa_platform.scans import opened

Missing = Mapping[str, Sequence[str]] | Sequence[str]


def measure(
    data: Any,
    metrics: Wish | Iterable[Wish],
    *,
    by: str | None = None,
    where: str | None = None,
    missing: Missing | None = None,
    reference: Any = None,
    beside: Mapping[str, Any] | None = None,
    event_time: str | None = None,
    now: datetime | None = None,
    memory: int | None = None,
    engine: str | None = None,
) -> Readings:
    """Metrics of *data*, read off one scan of it.

    *data* is whatever a scan opens (a Polars, pandas, Arrow or DuckDB table, the path or URL of a Parquet or CSV file
    or of a folder of them, a ``SqlTable``), or columns by name. *metrics* are ids of the catalogue (asked of every
    column where the metric is per column), dictionaries as promises are written without their bound, or metrics as
    such.

    *by* groups, *where* filters (the bounded expression language), *missing* are the tokens that mean missing: by
    column, or for all columns of text. *reference* (a Profile, or data to freeze) is what drift is measured against;
    *beside* are other tables that a metric names; *event_time* and *now* (UTC; the clock, if not given) is what
    timeliness needs. *memory* bounds, in bytes, what the scan may use: what is larger is read in batches. *engine*
    says where it runs (``database``, ``ray``, ``spark``, ``kernel``): by itself where the rows are.

    What cannot be measured is a row without a value, with its reason: nothing is raised for what the data holds. Raises
    MetricError for a metric that is asked for wrongly, SourceError for what is no data.

    >>> day = {"shop": ["a", "a", "b"], "sales": [3.0, None, -1.0]}
    >>> found = measure(day, ["data.completeness", {"metric": "data.mean", "column": "sales"}])
    >>> found.value("data.completeness", "sales"), found.value("data.mean", "sales")
    (0.6666666666666666, 1.0)
    """
    asked = wishes(metrics)
    others = {name: framed(other) for name, other in (beside or {}).items()}
    with opened(framed(data) if isinstance(data, dict) else data) as source:
        tokens = tokens_of(source.schema, missing)
        told = now or datetime.now(UTC)
        day = Window.of_day(told.astimezone(UTC).date())
        subject = subject_of(
            asked, list(source.schema), by=by, where=where, event_time=event_time, missing=tokens,
            referred=reference is not None,
        )  # fmt: skip
        profile = _profile(reference, subject, day, told)
        facts = Facts(digests=dict.fromkeys(others, GIVEN))
        every = metrics_of(asked, subject)
        pairs = [(aware(m.at(told, day), facts), profile if against else None) for m, against in every]
        found = scan(
            data if isinstance(data, pl.DataFrame) else source, pairs, missing=tokens, beside=others, memory=memory,
            engine=engine, clock=perf_counter, resident=resident_bytes,
        )  # fmt: skip
    return Readings(found.measured, found.report)


def tokens_of(schema: Mapping[str, pl.DataType], missing: Missing | None) -> dict[str, tuple[str, ...]]:
    """The declared tokens by column. Raises ValueError for a column that is not there."""
    if missing is None:
        return {}
    if isinstance(missing, Mapping):
        if absent := sorted(missing.keys() - set(schema)):
            raise ValueError(f"missing names {', '.join(absent)}. Columns: {', '.join(schema)}")
        return {name: tuple(tokens) for name, tokens in missing.items()}
    texts = [name for name, dtype in schema.items() if isinstance(dtype, pl.String | pl.Categorical | pl.Enum)]
    return dict.fromkeys(texts, tuple(missing))


def _profile(reference: Any, subject: Subject, window: Window, now: datetime) -> Profile | None:
    if reference is None or isinstance(reference, Profile):
        return reference
    return frozen(reference, subject, name=GIVEN, window=window, now=now)


def frozen(
    data: Any, subject: Subject, *, name: str, window: Window, now: datetime, sensitive: Collection[str] = ()
) -> Profile:
    """What the promises of *subject* compare with, frozen from *data*, without values of *sensitive* columns.

    Raises FreezeError.
    """
    frame = framed(data)
    return freeze(
        frame, wanted(subject), name=name, subject=subject.target, window=window, source=(GIVEN,), at=now,
        wall=now, missing=dict(subject.missing), where=subject.where, fine=True, sensitive=sensitive,
    )  # fmt: skip
