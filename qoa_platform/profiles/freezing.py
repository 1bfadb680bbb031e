"""Owns freezing: a reference data set in, a content-addressed Profile out; no raw row is kept."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf, isfinite
from typing import Any

import numpy as np
import polars as pl

from qoa_platform.metrics.drift_bins import counts_of
from qoa_platform.metrics.expressions import columns as columns_of
from qoa_platform.profiles.edges import Floats, counted, edges, fences
from qoa_platform.profiles.joining import frozen_features, frozen_sample, frozen_scales
from qoa_platform.profiles.simulating import share_noise, shift_noise
from qoa_platform.profiles.wanting import Wanted
from qoa_platform.records import Category, ColumnProfile, Edges, Features, Noise, Profile, Sampled, Window, digest
from qoa_platform.scans.columns import is_text
from qoa_platform.scans.compiling import condition, parsed
from qoa_platform.scans.keys import group_text, value_text
from qoa_platform.scans.normalising import normal
from qoa_platform.scans.texts import mask

DICTIONARY_CAP = 10_000
"""A column with more distinct values has no dictionary (*overflow*)."""
GROUP_CAP = 1_000
"""Of more groups, the largest are frozen; readings of the others have no reference."""
BINS, FINE_BINS = 10, 2047


class FreezeError(ValueError):
    """A reference that does not hold the columns that its promises need."""


def freeze(
    frame: pl.DataFrame,
    wanted: Sequence[Wanted],
    *,
    name: str,
    subject: str,
    window: Window,
    source: tuple[str, ...],
    at: datetime,
    wall: datetime,
    missing: Mapping[str, tuple[str, ...]] | None = None,
    where: str | None = None,
    fine: bool = False,
    seed: int = 0,
    sensitive: Collection[str] = (),
) -> Profile:
    """Freeze the *wanted* columns of *frame*, of the rows that satisfy the subject's *where*, after the missing rule.

    Per column, and per group of a ``by:`` promise: rows, missing; of numbers min, max, mean, std (ddof 0) over finite
    values, 10-bin edges with counts (2 048 too where a metric wants them, or *fine*; groups are counted on the edges of
    the whole, so that one pass counts them all) and fences; of everything else (and of numbers where wanted) the
    dictionary with counts, up to 10 000 values; the noise of metrics that have no formula for it, drawn with *seed*.
    Row order does not matter. The profile's digest covers content, subject, window and *source* (digests of the data),
    not its name or time. Of *sensitive* columns no value is frozen: no dictionary, no groups, no row (their edges,
    moments and masks are).

    Raises FreezeError when a column that is needed is not in the frame, ExpressionError for a *where* that is none.
    """
    kept = None if where is None else parsed(where)
    needed = {column for w in wanted for column in (w.column, *w.by, *w.beside)}
    needed |= set() if kept is None else columns_of(kept)
    if absent := sorted(needed - set(frame.columns)):
        found = f"columns {', '.join(map(repr, absent))} of {subject} cannot be frozen: not in the reference"
        raise FreezeError(f"{found}. Columns: {', '.join(frame.columns)}")
    wanted = _shown(wanted, frozenset(sensitive))
    rows = normal(frame, needed, missing or {})
    rows = rows if kept is None else rows.filter(condition(kept, rows.schema))
    columns: dict[tuple[str, str | None], ColumnProfile] = {}
    for want in _whole_needs([w for w in wanted if not w.beside], fine=fine):
        for group, part in _parts(rows, want.by):
            key = (want.column, group)
            if key not in columns or want.dictionary:
                shared = columns[want.column, None] if group is not None else None
                facts = _column(part.get_column(want.column), group, want, shared, seed)
                columns[key] = replace(facts, dictionary=None, overflow=False) if want.column in sensitive else facts
    joint = [w for w in wanted if w.beside]
    for want in (w for w in joint if w.season):
        known = columns.get((want.column, None)) or _column(rows.get_column(want.column), None, want, None, seed)
        scales = (*known.scales, *frozen_scales(rows, want))
        columns[want.column, None] = replace(known, scales=tuple(dict.fromkeys(scales)))
    ordered = tuple(columns[key] for key in sorted(columns, key=lambda k: (k[0], k[1] is not None, k[1] or "")))
    return Profile(
        name=name, subject=subject, window=window, columns=ordered, source=source, at=at, wall=wall,
        features=tuple(_features(rows, joint, seed)), sample=_sample(rows, joint, seed),
    )  # fmt: skip


def _shown(wanted: Sequence[Wanted], hidden: frozenset[str]) -> list[Wanted]:
    """*wanted* without what would keep values of *hidden* columns: rows, and groups, whose names are values."""
    rows = {"drift.domain_auc"}  # its sample, and scales by series, whose names are values
    kept = [w for w in wanted if not (hidden & set(w.beside) and (w.season or rows & set(w.metrics)))]
    return [w._replace(by=()) if hidden & set(w.by) else w for w in kept]


def _features(rows: pl.DataFrame, joint: Sequence[Wanted], seed: int) -> Iterator[Features]:
    """Each once: groups of a ``by:`` promise come with the whole."""
    found: dict[tuple[tuple[str, ...], str | None], Features] = {}
    for want in (w for w in joint if "drift.mmd" in w.metrics):
        for item in frozen_features(dict(_parts(rows, want.by)), want.beside, seed):
            found.setdefault((item.columns, item.group), item)
    yield from found.values()


def _sample(rows: pl.DataFrame, joint: Sequence[Wanted], seed: int) -> tuple[Sampled, ...]:
    wanted = {column for w in joint if "drift.domain_auc" in w.metrics for column in w.beside}
    return frozen_sample(rows, sorted(wanted), seed) if wanted else ()


def _parts(rows: pl.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[str | None, pl.DataFrame]]:
    """The whole, then its groups; a group key is the text of its parts."""
    yield None, rows
    if by:
        groups = [(group_text(key), part) for key, part in rows.partition_by(by, as_dict=True).items()]
        yield from sorted(groups, key=lambda g: (-g[1].height, g[0]))[:GROUP_CAP]


def _whole_needs(wanted: Sequence[Wanted], *, fine: bool) -> Iterator[Wanted]:
    """*wanted*, in which each column needs what any of its wants does: groups are counted on the edges of the whole."""
    needs: dict[str, set[str]] = {}
    for want in wanted:
        needs.setdefault(want.column, set()).update(want.metrics, ("drift.ks",) if fine else ())
    yield from (want._replace(metrics=tuple(sorted(needs[want.column]))) for want in wanted)


def _column(
    column: pl.Series, group: str | None, want: Wanted, shared: ColumnProfile | None, seed: int
) -> ColumnProfile:
    """The facts of one column; of a group, on the edges of the whole (*shared*)."""
    present = column.drop_nulls()
    numeric = column.dtype.is_numeric()
    values = np.sort(present.cast(pl.Float64).to_numpy()) if numeric else np.empty(0)
    finite = values[np.isfinite(values)]
    counts = _dictionary(present) if want.dictionary or not (numeric or column.dtype.is_temporal()) else None
    found = ColumnProfile(
        column=column.name,
        group=group,
        n=len(column),
        missing=len(column) - len(present),
        minimum=float(finite[0]) if finite.size else None,
        maximum=float(finite[-1]) if finite.size else None,
        mean=_moment(np.mean, finite),
        std=_moment(np.std, finite),
        bins10=edges(values, BINS) if shared is None else _counted(shared.bins10, values),
        bins2048=_fine(values, shared) if want.fine else None,
        fences=fences(values),
        dictionary=None if counts is None or len(counts) > DICTIONARY_CAP else counts,
        overflow=counts is not None and len(counts) > DICTIONARY_CAP,
        n_nonfinite=int(values.size - finite.size),
        masks=_masks(present),
    )
    return replace(found, noise=tuple(_noise(found, want.metrics, seed)))


def _fine(values: Floats, shared: ColumnProfile | None) -> Edges | None:
    return edges(values, FINE_BINS, ends=True) if shared is None else _counted(shared.bins2048, values)


def _noise(known: ColumnProfile, metrics: Sequence[str], seed: int) -> Iterator[Noise]:
    """Of the metrics that need it, each column and group with a generator of its own: their order does not matter."""
    generator = np.random.default_rng(int(digest(seed, known.column, known.group)[:16], 16))
    if known.bins2048 is not None and not {"drift.wasserstein", "drift.wasserstein_std"}.isdisjoint(metrics):
        yield from shift_noise(known.bins2048, generator)
    if "drift.tvd" in metrics and (counts := counts_of(known)):
        yield from share_noise(counts, generator)


def _moment(of: Callable[[Floats], Any], finite: Floats) -> float | None:
    """A moment of the finite values; ``None`` without one, and where squares are too large for a float."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(of(finite)) if finite.size else inf
    return found if isfinite(found) else None


def _counted(shared: Edges | None, values: Floats) -> Edges | None:
    return None if shared is None else counted(shared.edges, values)


def _masks(present: pl.Series) -> tuple[Category, ...] | None:
    """The patterns of a column of text with their counts; ``None`` of other columns, and above the cap."""
    if not is_text(present.dtype):
        return None
    name = present.name
    values = present.value_counts(name="_rows_").lazy()
    table = values.group_by(mask(pl.col(name)).alias(name)).agg(pl.col("_rows_").sum()).collect()
    pairs = sorted(table.iter_rows(), key=lambda p: (-p[1], p[0]))
    return (
        tuple(Category(value=value, count=int(rows)) for value, rows in pairs) if len(pairs) <= DICTIONARY_CAP else None
    )


def _dictionary(present: pl.Series) -> tuple[Category, ...]:
    """The present values with their counts, most frequent first, then by text; cut just above the cap."""
    table = present.value_counts(sort=True, name="_rows_").head(DICTIONARY_CAP + 1)
    pairs = [(value_text(value), int(rows)) for value, rows in table.iter_rows()]
    return tuple(Category(value=value, count=rows) for value, rows in sorted(pairs, key=lambda p: (-p[1], p[0])))
