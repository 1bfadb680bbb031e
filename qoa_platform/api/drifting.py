"""Owns drift: what moved between two data sets, ranked by likeliest root cause, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from qoa_platform.api.frames import framed
from qoa_platform.api.listing import Listing
from qoa_platform.api.measuring import Missing, tokens_of
from qoa_platform.records import Unit, show
from qoa_platform.verdicts.drifting.beside import WORDS
from qoa_platform.verdicts.drifting.causes import Cause, RootCauses, root_causes
from qoa_platform.verdicts.drifting.words import loss_of, loss_said, where_of


@dataclass(frozen=True, slots=True)
class Drift(Listing):
    """What drifted, likeliest cause first: one row per column. *found* holds everything (:class:`RootCauses`).

    Printed are the stability index and its noise where the column is furthest above it (all rows, or one segment);
    *psi* and *floor* of the records are those of all rows, *place_psi* is that of the place.
    """

    found: RootCauses

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "rank": pl.Int64, "column": pl.String, "drifted": pl.Boolean, "psi": pl.Float64, "floor": pl.Float64,
        "place_psi": pl.Float64, "dispersion": pl.Float64,
        "p": pl.Float64, "adjusted_p": pl.Float64, "segment_column": pl.String, "segment": pl.String,
        "segment_share": pl.Float64, "segment_rows": pl.Float64, "since": pl.String, "loss_covariate": pl.Float64,
        "loss_low": pl.Float64, "loss_high": pl.Float64, "changes": pl.String,
    }  # fmt: skip
    SHOWN = ("column", "", "psi", "noise", "adjusted p", "where", "since", "loss it explains", "what moved")

    def __bool__(self) -> bool:
        return bool(self.found.drifted)

    def __iter__(self) -> Iterator[Cause]:
        return iter(self.found.columns)

    def __getitem__(self, column: str) -> Cause:
        """What was found of one column. Raises KeyError."""
        found = next((c for c in self.found.columns if c.column == column), None)
        if found is None:
            raise KeyError(f"no column {column!r}. There are: {', '.join(c.column for c in self.found.columns)}")
        return found

    @property
    def drifted(self) -> tuple[str, ...]:
        """Columns that drifted, at the declared rate of false discoveries, likeliest cause first."""
        return self.found.drifted

    def to_frame(self) -> pl.DataFrame:
        """The rows as a Polars frame."""
        return self.to_polars()

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries: of each column the segment that holds most of its shift."""
        return [_record(rank, cause) for rank, cause in enumerate(self.found.columns, start=1)]

    def cells(self) -> Sequence[Sequence[str]]:
        """The rows as a person reads them."""
        return [
            (
                c.column, "moved" if c.drifted else "as before", f"{c.place.psi:.3g}", f"{c.place.floor:.3g}",
                f"{c.adjusted:.2g}", where_of(c), c.since.period if c.since else "", loss_of(c.loss),
                "; ".join(c.bins) if c.drifted else "",
            )
            for c in self.found.columns
        ]  # fmt: skip

    def head(self) -> str:
        """How many columns drifted, at which rate, and what happened to the model."""
        found = self.found
        said = (
            f"{len(found.drifted)} of {len(found.columns)} columns drifted (of those found, on average at most "
            f"{show(found.fdr, Unit.RATIO)} are false); {found.rows[1]:,} rows against {found.rows[0]:,}"
        )
        if found.happened is None:
            return said
        return f"{said}\n{found.happened}: {WORDS[found.happened]}{loss_said(found.loss)}"


def drift(
    reference: Any, current: Any, *, columns: Sequence[str] | None = None, segments: Sequence[str] = (),
    error: str | None = None, time: str | None = None, missing: Missing | None = None, fdr: float = 0.05,
    least: float = 0.01,
    dispersion: float | None = None, seed: int = 0,
) -> Drift:  # fmt: skip
    """What drifted between *reference* and *current*, ranked: which column, in which segment, since when, at what cost.

    Both are data (a frame, columns by name, a path). *segments* are columns by whose values the shift is split; *error*
    is the column of each row's loss: how much of its change other inputs explain, and which of four things happened to
    the model. *time* is the column of the current rows' days or times: since when. *missing* are tokens that mean it.

    A column drifted where its stability index, over all rows or in one segment, is at least *least*, and no noise: of
    the columns reported at most the share *fdr* is false, on average; *dispersion* says how much wilder
    rows are than independent ones (baskets of ten equal rows: 10); without it, it is learnt from the days of the
    reference, where *time* is known of 20 or more, and is else 1. See
    :func:`~qoa_platform.verdicts.drifting.causes.root_causes` for the formulas.

    >>> before = {"town": ["a", "b"] * 500, "price": list(range(1000))}
    >>> after = {"town": ["a", "b"] * 500, "price": [p + 600 * (p % 2) for p in range(1000)]}
    >>> found = drift(before, after, segments=["town"])
    >>> found.drifted, found["price"].where[0].segment
    (('price',), 'b')

    Raises SourceError for what is no data, ValueError for a column that is not there, and for rates that are none.
    """
    before, after = framed(reference), framed(current)
    named = [c for c in (error, time) if c is not None]
    for name, frame in [(c, f) for c in (*segments, *(c for c in named if c == error)) for f in (before, after)] + [
        (c, after) for c in named
    ]:
        if name not in frame.columns:
            raise ValueError(f"column {name!r} is not there. Allowed: {', '.join(frame.columns)}")
    chosen = [c for c in before.columns if c not in named] if columns is None else list(columns)
    read = [*chosen, *(s for s in segments if s not in chosen)]
    found = root_causes(
        _arrays(before, read, missing), _arrays(after, [*read, *_new(before, after, named, columns)], missing),
        columns=[c for c in chosen if c in after.columns] if columns is None else chosen,
        segments=segments, fdr=fdr, least=least, dispersion=dispersion, seed=seed,
        loss=(_numbers(before, error), _numbers(after, error)) if error else None,
        periods=(_periods(before, time), _periods(after, time)) if time else None,
    )  # fmt: skip
    return Drift(found)


def _new(before: pl.DataFrame, after: pl.DataFrame, named: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    return [c for c in after.columns if c not in before.columns and c not in named] if columns is None else []


def _arrays(frame: pl.DataFrame, columns: Sequence[str], missing: Missing | None) -> dict[str, Any]:
    """Columns as arrays: numbers as floats, whatever else as texts, tokens of missing gone."""
    if isinstance(missing, Mapping):
        missing = {c: tokens for c, tokens in missing.items() if c in frame.columns}
    tokens = tokens_of(frame.schema, missing)
    return {c: _array(frame.get_column(c), tokens.get(c, ())) for c in columns if c in frame.columns}


def _array(values: pl.Series, tokens: Sequence[str]) -> Any:
    if tokens:
        values = values.set(values.cast(pl.String, strict=False).is_in(list(tokens)).fill_null(value=False), None)
    if values.dtype.is_numeric():
        return values.cast(pl.Float64, strict=False).to_numpy()
    if isinstance(values.dtype, pl.List | pl.Array | pl.Struct | pl.Object | pl.Binary):
        return [None if v is None else str(v) for v in values.to_list()]
    return values.cast(pl.String, strict=False).to_numpy()


def _numbers(frame: pl.DataFrame, column: str) -> Any:
    return frame.get_column(column).cast(pl.Float64, strict=False).to_numpy()


def _periods(frame: pl.DataFrame, column: str) -> Any:
    """Days of times, and anything else as it is written; ``None`` without the column."""
    if column not in frame.columns:
        return None
    values = frame.get_column(column)
    return (values.dt.date() if isinstance(values.dtype, pl.Datetime) else values).cast(pl.String).fill_null("")


def _record(rank: int, cause: Cause) -> dict[str, Any]:
    top, loss = (cause.where[0] if cause.where else None), cause.loss
    return {
        "rank": rank, "column": cause.column, "drifted": cause.drifted, "psi": cause.psi, "floor": cause.floor,
        "place_psi": cause.place.psi, "dispersion": cause.dispersion, "p": cause.p, "adjusted_p": cause.adjusted,
        "segment_column": top.column if top else None,
        "segment": top.segment if top else None, "segment_share": top.part if top else None,
        "segment_rows": sum(top.shares) / 2 if top else None, "since": cause.since.period if cause.since else None,
        "loss_covariate": loss.covariate.value if loss else None, "loss_low": loss.covariate.low if loss else None,
        "loss_high": loss.covariate.high if loss else None, "changes": "; ".join(cause.bins),
    }  # fmt: skip
