"""Owns suggest: from data to a commented contract that reads, lints, and keeps its enforced promises on its source."""

import polars as pl

from qoa_platform.contracts import read_text
from qoa_platform.profiles.suggesting.draft import numbered
from qoa_platform.profiles.suggesting.mining import Findings, mine
from qoa_platform.profiles.suggesting.promising import promised, segments
from qoa_platform.profiles.suggesting.suggestion import Suggestion
from qoa_platform.profiles.suggesting.writing import written

HEAD = (
    "Suggested from its source, not yet agreed on: read it, change it, then raise its version.",
    "Above each promise: why it is there, the rows that could tell, those against it, the least share that keeps it.",
)


def suggest(
    data: pl.DataFrame, *, name: str = "suggested", subject: str = "data", asset: str = "data", owner: str = "nobody",
) -> Suggestion:  # fmt: skip
    """The contract that *data* suggests. Pure: the same data gives the same text.

    >>> towns = pl.DataFrame({"town": ["Oulu"] * 30 + ["Turku"] * 30 + ["Oulx"]})
    >>> [(e.promise, e.violations) for e in suggest(towns).evidence]
    [('rows', 0), ('town_complete', 0), ('town_format', 0), ('town_known', 1)]
    """
    usable = tuple(c for c in data.columns if _nameable(c))
    found = mine(data, usable)
    drafts = tuple(numbered(promised(found)))
    notes = (
        *_allowed(found),
        *(f"column {c!r} cannot be named in a contract" for c in data.columns if c not in usable),
    )
    keys: dict[str, object] = {}
    if found.missing:
        keys["missing"] = {c: list(tokens) for c, tokens in found.missing.items()}
    if parts := segments(found):
        keys["segments"] = list(parts)
    text = written(
        name=name, subject=subject, asset=asset, owner=owner, about=(*HEAD, *notes), drafts=drafts, keys=keys
    )
    contract = read_text(text, file="<suggested>")
    return Suggestion(text=text, contract=contract, evidence=tuple(d.evidence for d in drafts), notes=notes)


def _nameable(column: str) -> bool:
    return 0 < len(column) <= 512 and column.isprintable()  # noqa: PLR2004 (as keys.LINE)


def _allowed(found: Findings) -> tuple[str, ...]:
    return tuple(
        f"{a.column}: {a.missing:,} of {found.rows:,} rows have no value, and nothing is promised: {a.why}."
        for a in found.absences.values() if a.missing and not a.doubted
    )  # fmt: skip
