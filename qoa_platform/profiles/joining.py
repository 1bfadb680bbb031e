"""Owns what is frozen of several columns together: features of rows, a sample of them, and the scales of series."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qoa_platform.profiles.simulating import LEAST, ROWS
from qoa_platform.profiles.wanting import Wanted
from qoa_platform.records import Features, Noise, Sampled, Scale
from qoa_platform.scans.fourier import features, summed
from qoa_platform.scans.keys import group_names

Floats = NDArray[np.float64]
MEASURED, DRAWN, PAIRS = 500, 2_000, 1_000
"""Rows whose distances give the width of the kernel; rows that noise is drawn from; pairs of samples."""
SAMPLED = 10_000
"""No larger sample of raw rows is kept."""
PREFIX = "␟"


def frozen_features(
    parts: Mapping[str | None, pl.DataFrame], columns: tuple[str, ...], seed: int
) -> Iterator[Features]:
    """Of the rows of the whole (``None``) and of each group: standardised by the whole, on its frequencies.

    Rows with a missing or infinite part are left out. Nothing where no two rows differ, or a column holds no numbers.
    """
    if not all(parts[None].schema[name].is_numeric() for name in columns):
        return
    rows = _matrix(parts[None], columns)
    if not len(rows):
        return
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    generator = np.random.default_rng(seed)
    ordered = (rows[np.lexsort(rows.T[::-1])] - centre) / spread
    sigma = _median_distance(_some(ordered, MEASURED, generator))
    if not sigma or not np.isfinite(sigma):
        return
    for group, part in parts.items():
        own = ordered if group is None else (_matrix(part, columns) - centre) / spread
        if len(own):
            noise = (
                tuple(_noise(_some(own, DRAWN, generator), len(own), seed, sigma, generator)) if group is None else ()
            )
            yield Features(
                columns=columns, group=group, seed=seed, sigma=sigma, centre=tuple(centre.tolist()),
                spread=tuple(spread.tolist()), n=len(own), mean=tuple((summed(own, seed, sigma) / len(own)).tolist()),
                noise=noise,
            )  # fmt: skip


def _matrix(rows: pl.DataFrame, columns: Sequence[str]) -> Floats:
    found = rows.select(pl.col(name).cast(pl.Float64) for name in columns).drop_nulls().to_numpy()
    return np.asarray(found[np.isfinite(found).all(axis=1)], dtype=np.float64)


def _some(rows: Floats, size: int, generator: np.random.Generator) -> Floats:
    return rows if len(rows) <= size else rows[np.sort(generator.choice(len(rows), size, replace=False))]


def _median_distance(rows: Floats) -> float:
    """Of all pairs of different rows; 0 for fewer than two."""
    squares = (rows * rows).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0.0))
    apart = distances[np.triu_indices(len(rows), 1)]
    positive = apart[apart > 0]
    return float(np.median(positive)) if positive.size else 0.0


def _noise(rows: Floats, n: int, seed: int, sigma: float, generator: np.random.Generator) -> Iterator[Noise]:
    """Of ``drift.mmd``: both samples drawn from *rows*, the reference *n* of them."""
    if n < LEAST:
        return
    known = features(rows, seed, sigma)

    def means(size: int) -> tuple[Floats, Floats]:
        drawn = generator.multinomial(size, np.full(len(rows), 1 / len(rows)), PAIRS) @ known / size
        return drawn, (1 - (drawn * drawn).sum(axis=1)) / size

    reference, bias = means(n)
    for size in ROWS:
        current, more = means(size)
        values = ((reference - current) ** 2).sum(axis=1) - bias - more
        p99, p999 = np.quantile(values, [0.99, 0.999], method="higher").tolist()
        yield Noise(metric="drift.mmd", rows=size, p99=p99, p999=p999)


def frozen_sample(rows: pl.DataFrame, columns: Sequence[str], seed: int) -> tuple[Sampled, ...]:
    """At most 10 000 rows of *columns*, drawn whatever their order is."""
    ordered = rows.select(columns).sort(columns, nulls_last=True)
    if ordered.height > SAMPLED:
        chosen = np.sort(np.random.default_rng(seed).choice(ordered.height, SAMPLED, replace=False))
        ordered = ordered[chosen.tolist()]
    return tuple(
        Sampled(column=name, values=tuple(map(_plain, ordered.get_column(name).to_list()))) for name in columns
    )


def _plain(value: Any) -> float | str | None:
    return value if value is None else float(value) if isinstance(value, int | float) else str(value)


def frozen_scales(rows: pl.DataFrame, want: Wanted) -> Iterator[Scale]:
    """The seasonal naive errors of each series of ``want.column``, its rows in the order of their time.

    ``want.beside`` is the time, then the columns that tell series apart. Rows without truth or time are left out, and
    series no longer than a season have no scale.
    """
    time, *series = want.beside
    truth = pl.col(want.column).cast(pl.Float64)
    kept = rows.filter(truth.is_finite().fill_null(value=False) & pl.col(time).is_not_null())
    keys = pl.Series(PREFIX, group_names(kept, series) if series else [""] * kept.height, dtype=pl.String)
    gap = (pl.col(want.column) - pl.col(want.column).shift(want.season).over(PREFIX)).alias("gap")
    ordered = kept.select(truth, pl.col(time)).with_columns(keys).sort(PREFIX, time, want.column).with_columns(gap)
    table = ordered.drop_nulls("gap").group_by(PREFIX).agg(
        pl.col("gap").abs().mean().alias("absolute"), (pl.col("gap") ** 2).mean().alias("squared"), pl.len()
    )  # fmt: skip
    for key, absolute, squared, n in table.sort(PREFIX).iter_rows():
        yield Scale(season=want.season, series="|".join(series), key=key, absolute=absolute, squared=squared, n=n)
