"""Owns Draft: one suggested promise, as the keys that are written and the evidence that is said above them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import floor

from qoa_platform.profiles.suggesting.evidence import Evidence, wilson
from qoa_platform.records import Mode

CAUTIOUS = 3.29
"""Standard normal quantile of 99.95 %: how far below the source a bound is put."""
LONGEST = 48
Key = tuple[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A promise to be written: its *keys* (all but ``id``, in order) and its *evidence*, whose promise is its id."""

    keys: tuple[Key, ...]
    evidence: Evidence

    @property
    def id(self) -> str:
        """Its name within the subject."""
        return self.evidence.promise


def draft(
    word: str, metric: str, columns: tuple[str, ...], *, n: int, violations: int, why: str, doubted: bool | None = None,
    must: str | None = None, keys: Iterable[Key] = (), severity: str | None = None,
) -> Draft:  # fmt: skip
    """A draft about a share of rows: enforced where the source keeps it, observed (*doubted*) where it does not.

    Enforced, its bound lies a cautious Wilson interval below what was seen; observed, it is what ought to be.
    """
    doubted = violations > 0 if doubted is None else doubted
    bound = must or (">= 100 %" if doubted else at_least(n, violations))
    mode = Mode.OBSERVE if doubted else Mode.ENFORCE
    named: list[Key] = [("metric", metric), *_columns(columns, keys), *keys, ("must", bound)]
    if severity is not None and not doubted:
        named.append(("severity", severity))
    if doubted:
        named.append(("mode", "observe"))
    evidence = Evidence(
        promise=named_after(columns, word),
        metric=metric,
        columns=columns,
        n=n,
        violations=violations,
        why=why,
        mode=mode,
    )
    return Draft(keys=tuple(named), evidence=evidence)


def _columns(columns: tuple[str, ...], keys: Iterable[Key]) -> list[Key]:
    if {"expr", "left"} & {name for name, _ in keys} or not columns:
        return []
    return [("column", columns[0])] if len(columns) == 1 else [("columns", list(columns))]


def at_least(n: int, violations: int) -> str:
    """The bound of a share that *violations* of *n* rows break: the cautious lower end, in hundredths of a per cent.

    >>> at_least(1000, 0)
    '>= 98.92 %'
    """
    return f">= {floor(wilson(n - violations, n, CAUTIOUS)[0] * 10_000) / 100:g} %"


def at_most(n: int, violations: int) -> str:
    """As :func:`at_least`, of the share that breaks it."""
    return f"<= {100 - floor(wilson(n - violations, n, CAUTIOUS)[0] * 10_000) / 100:.2f} %"


def named_after(columns: tuple[str, ...], word: str) -> str:
    """A promise's id: its first column, and a word for what it is about.

    >>> named_after(("ZIP Code",), "format")
    'zip_code_format'
    """
    stem = re.sub(r"[^a-z0-9]+", "_", columns[0].casefold() if columns else "").strip("_")[:LONGEST].rstrip("_")
    stem = stem if not stem or stem[0].isalpha() else f"c_{stem}"
    return f"{stem}_{word}" if stem else word


def numbered(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The drafts with ids of their own: the second of a name gets ``_2``."""
    seen: dict[str, int] = {}
    for item in drafts:
        seen[item.id] = seen.get(item.id, 0) + 1
        if seen[item.id] == 1:
            yield item
        else:
            name = f"{item.id}_{seen[item.id]}"
            seen[name] = seen.get(name, 0) + 1
            yield replace(item, evidence=replace(item.evidence, promise=name))
