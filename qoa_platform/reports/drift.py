"""Owns the drift report: how far data lies from a reference, on one page."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from qoa_platform.profiles.comparing import ColumnDrift, Compared, Distance
from qoa_platform.records import show
from qoa_platform.reports.cells import MASKED, cell, share
from qoa_platform.reports.page import page
from qoa_platform.reports.plots import Plot, paired
from qoa_platform.verdicts.drifting.beside import WORDS
from qoa_platform.verdicts.drifting.causes import Cause, RootCauses
from qoa_platform.verdicts.drifting.words import loss_of, loss_said, where_of

PLOTTED = 200
"""So many columns have plots: those that moved first."""
NAMES = {
    "drift.psi": "PSI", "drift.js": "Jensen–Shannon", "drift.ks": "Kolmogorov–Smirnov",
    "drift.wasserstein_std": "Wasserstein ÷ σ", "drift.mean_shift": "mean shift ÷ σ",
    "drift.cramers_v": "Cramér's V", "data.unseen_share": "unseen values",
}  # fmt: skip
"""What the distances are called on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as the page shows it."""

    drift: ColumnDrift
    anchor: str
    word: str
    psi: Distance | None
    measured: tuple[tuple[str, str, str, str], ...]
    """(name, value, noise floor, why there is none)"""
    shifts: tuple[tuple[str, str], ...]
    plot: Plot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A column as the ranking shows it: how sure, where, since when, and what of a loss it explains."""

    column: str
    anchor: str | None
    adjusted: str
    where: str
    since: str
    loss: str
    changes: tuple[str, ...]


def drift_report(
    found: Compared, *, title: str, made: datetime, source: str = "", sensitive: Iterable[str] = (),
    causes: RootCauses | None = None,
) -> str:  # fmt: skip
    """The page of a comparison: which columns moved, how far, above which noise, and which values did.

    *causes* are ranked before the columns: what drifted at a rate of false discoveries, where and since when. *made* is
    the time that is shown (UTC). Values of *sensitive* columns are nowhere on it: their bins are numbered.
    """
    hidden = frozenset(sensitive)
    ordered = sorted(found.columns, key=_first)
    columns = [_column(c, index, masked=c.column in hidden) for index, c in enumerate(ordered)]
    anchors = {c.drift.column: c.anchor for c in columns}
    return page(
        "drift", title=title, source=source, made=made, found=found, columns=columns, moved=len(found.moved),
        left_out=max(len(columns) - PLOTTED, 0), compared=sum(c.moved is not None for c in found.columns),
        causes=causes, rate=share(causes.fdr) if causes else "",
        ranked=[_ranked(c, anchors, hidden) for c in causes.columns if c.drifted] if causes else [],
        happened=_happened(causes) if causes else "",
    )  # fmt: skip


def _ranked(cause: Cause, anchors: Mapping[str, str], hidden: Container[str]) -> Ranked:
    """Values of *hidden* columns stay hidden, those of segments too."""
    masked = MASKED if cause.where and cause.where[0].column in hidden else None
    return Ranked(
        column=cause.column, anchor=anchors.get(cause.column), adjusted=f"{cause.adjusted:.2g}",
        where=where_of(cause, masked=masked), since=cause.since.period if cause.since else "", loss=loss_of(cause.loss),
        changes=() if cause.column in hidden else cause.bins,
    )  # fmt: skip


def _happened(causes: RootCauses) -> str:
    """Input drift and error drift beside one another, in a sentence; empty without a loss."""
    return f"{causes.happened}: {WORDS[causes.happened]}{loss_said(causes.loss)}" if causes.happened else ""


def _first(column: ColumnDrift) -> tuple[int, float]:
    """Those that moved furthest above their noise come first, those that were not compared last."""
    rank = {True: 0, False: 1, None: 2}[column.moved]
    psi = column.distance("drift.psi")
    value = psi.reading.value if psi is not None and psi.reading.value is not None else 0.0
    return rank, -value


def _column(found: ColumnDrift, index: int, *, masked: bool) -> Column:
    return Column(
        drift=found,
        anchor=f"column-{index + 1}",
        word={True: "moved", False: "as before", None: "not compared"}[found.moved],
        psi=found.distance("drift.psi"),
        measured=tuple(_measured(found)),
        shifts=tuple(
            (MASKED if masked else cell(s.label), f"{share(s.reference)} → {share(s.current)}") for s in found.shifts
        ),
        plot=paired(found.shares, masked=masked) if found.shares and index < PLOTTED else None,
    )


def _measured(found: ColumnDrift) -> Iterator[tuple[str, str, str, str]]:
    for distance in found.distances:
        reading = distance.reading
        floor = "" if distance.floor is None else show(distance.floor, distance.unit)
        why = "" if reading.reason is None else f"{reading.reason}: {reading.cause or ''}"
        yield NAMES.get(distance.metric, distance.metric), show(reading.value, distance.unit), floor, why
