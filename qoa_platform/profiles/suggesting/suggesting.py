"""Owns suggest: from data to a commented contract that reads, lints, and keeps its enforced promises on its source."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import polars as pl

from qoa_platform.contracts import read_text
from qoa_platform.profiles.freezing import freeze
from qoa_platform.profiles.suggesting.daily import SEGMENTS, Days, fresh, proposed, settled, shared
from qoa_platform.profiles.suggesting.draft import Draft, numbered
from qoa_platform.profiles.suggesting.facts import NUMERIC, TEXT
from qoa_platform.profiles.suggesting.history import Part, parts_of, span
from qoa_platform.profiles.suggesting.mining import NOTHING, Findings, mine
from qoa_platform.profiles.suggesting.promising import promised, segments
from qoa_platform.profiles.suggesting.suggestion import Suggestion
from qoa_platform.profiles.suggesting.writing import written
from qoa_platform.profiles.wanting import Wanted
from qoa_platform.records import ColumnProfile, Profile, digest
from qoa_platform.scans.keys import value_text

HEAD = (
    "Suggested from its source, not yet agreed on: read it, change it, then raise its version.",
    "Above each promise: why it is there, the rows that could tell, those against it, the least share that keeps it.",
)
DAYS = 14
"""Fewer days are no history."""


def suggest(
    data: pl.DataFrame | Sequence[pl.DataFrame], *, time: str | None = None, name: str = "suggested",
    subject: str = "data", asset: str = "data", owner: str = "nobody",
    beside: Mapping[str, pl.DataFrame] = NOTHING,
) -> Suggestion:  # fmt: skip
    """The contract that *data* suggests. Pure: the same data gives the same text.

    One frame is looked at as a whole. A history is several frames (one partition each, oldest first), or one with a
    column of *time*, which is cut into UTC days: with 14 days and more, bounds come from what the days vary by, each
    with its expected false alarms a month, and the next day is promised to be like them. *beside* are other tables by
    their asset: columns that name rows of one are promised to be found there.

    >>> towns = pl.DataFrame({"town": ["Oulu"] * 30 + ["Turku"] * 30 + ["Oulx"]})
    >>> [(e.promise, e.violations) for e in suggest(towns).evidence]
    [('rows', 0), ('town_complete', 0), ('town_format', 0), ('town_known', 1)]

    Raises HistoryError for a *time* that is no column of times.
    """
    parts = parts_of(data, time)
    frame = data if isinstance(data, pl.DataFrame) and not parts else _together([p.frame for p in parts])
    usable = tuple(c for c in frame.columns if _nameable(c))
    found = mine(frame, usable, beside)
    history = len(parts) >= DAYS
    profile = _profile(found, frame, parts, f"{name}-history", asset) if history else None
    days = Days(parts=parts, missing=found.missing, profile=profile)
    drafts = tuple(numbered(_historical(found, days, time) if history else promised(found)))
    notes = (*_allowed(found, history=history), *_unnamed(frame, usable))
    text = written(
        name=name, subject=subject, asset=asset, owner=owner, about=(*HEAD, *_about(drafts, parts), *notes),
        drafts=drafts, keys=dict(_keys(found, parts, time if history else None)),
    )  # fmt: skip
    contract = read_text(text, file="<suggested>")
    evidence = tuple(d.evidence for d in drafts)
    return Suggestion(text=text, contract=contract, evidence=evidence, profile=_needed(profile, drafts), notes=notes)


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


def _historical(found: Findings, days: Days, time: str | None) -> Iterator[Draft]:
    reference = days.profile.name if days.profile is not None else ""
    yield from settled(found, days, tuple(numbered(proposed(found, days, time, reference))))
    yield from fresh(found, days)
    yield from shared(days, tuple(promised(found, allowed=True)))


def _profile(found: Findings, frame: pl.DataFrame, parts: Sequence[Part], name: str, asset: str) -> Profile:
    """What daily promises may compare with; cut down to what they do in the end."""
    wanted = [
        Wanted(f.name, dictionary=f.distinct <= SEGMENTS[1] and not found.schema[f.name].is_float())
        for f in found.facts.values() if f.kind == NUMERIC or (f.kind == TEXT and f.distinct <= SEGMENTS[1])
    ]  # fmt: skip
    window = span(parts)
    source = tuple(digest("part", str(p.window), p.frame.height) for p in parts)
    whole = freeze(
        frame, wanted, name=name, subject=asset, window=window, source=source, at=window.end, wall=window.end,
        missing=found.missing,
    )  # fmt: skip
    return replace(whole, columns=tuple(_steady(c, found, parts) for c in whole.columns))


def _steady(column: ColumnProfile, found: Findings, parts: Sequence[Part]) -> ColumnProfile:
    """The segments of a column that are there on half of the days: what comes and goes is not missed."""
    if column.dictionary is None or column.column in found.sets:
        return column
    seen: Counter[str] = Counter()
    for part in parts:
        values = part.frame.get_column(column.column).drop_nulls().unique()
        seen.update(value_text(v) for v in values)
    kept = tuple(c for c in column.dictionary if 2 * seen[c.value] >= len(parts))
    return replace(column, dictionary=kept) if kept else column


def _needed(profile: Profile | None, drafts: Iterable[Draft]) -> Profile | None:
    if profile is None:
        return None
    compared = {d.evidence.columns[0] for d in drafts if dict(d.keys).get("reference") == profile.name}
    kept = tuple(c for c in profile.columns if c.column in compared)
    return replace(profile, columns=kept) if kept else None


def _keys(found: Findings, parts: Sequence[Part], time: str | None) -> Iterator[tuple[str, object]]:
    if time is not None:
        yield from (("partition", "day"), ("event_time", time))
        if all((b.window.start - a.window.end).days == 0 for a, b in pairwise(parts)):
            yield "expected", "daily"
    if found.missing:
        yield "missing", {c: list(tokens) for c, tokens in found.missing.items()}
    if named := segments(found):
        yield "segments", list(named)


def _about(drafts: Iterable[Draft], parts: Sequence[Part]) -> Iterator[str]:
    alarms = [d.evidence.false_alarms for d in drafts if d.evidence.false_alarms is not None]
    if alarms:
        first, last = parts[0].window.start, parts[-1].window.start
        yield f"From {len(parts)} days, {first:%Y-%m-%d} to {last:%Y-%m-%d}."
        yield f"About {sum(alarms):.1f} false alarms a month are to be expected in all, if the days to come are alike."


def _nameable(column: str) -> bool:
    return 0 < len(column) <= 512 and column.isprintable()  # noqa: PLR2004 (as keys.LINE)


def _unnamed(frame: pl.DataFrame, usable: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"column {c!r} cannot be named in a contract" for c in frame.columns if c not in usable)


def _allowed(found: Findings, *, history: bool) -> tuple[str, ...]:
    return tuple(
        f"{a.column}: {a.missing:,} of {found.rows:,} rows have no value: {a.why}."
        for a in found.absences.values() if a.missing and not a.doubted and not history
    )  # fmt: skip
