"""Owns daily promises: what a history of days promises of the next one, with bounds and expected false alarms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, exp, factorial, floor
from statistics import median

import polars as pl

from qoa_platform.metrics import Metric, catalogue
from qoa_platform.profiles.suggesting.draft import Draft, Key, named_after
from qoa_platform.profiles.suggesting.evidence import Evidence
from qoa_platform.profiles.suggesting.facts import NUMERIC, OTHER, TEXT, Facts
from qoa_platform.profiles.suggesting.history import Part
from qoa_platform.profiles.suggesting.mining import Findings
from qoa_platform.profiles.suggesting.series import DAYS, LIMIT, Series, learnable, series_of, tail
from qoa_platform.records import Mode, Profile, Promise, Reference, ReferenceKind, Subject, SubjectKind, Usual
from qoa_platform.scans import measure

FEW_ROWS = 5
"""So many rows of a day may break what never was broken."""
STEADY = 0.15
"""A mean is promised where its days vary by no more (robust standard deviation ÷ middle)."""
SHARED = (0.002, 0.5)
"""Distinct values ÷ rows of a column whose ratio says how rows hang together."""
SEGMENTS = (5, 5_000)
COVERED = 0.6
"""Days on which a value must be there at least, weighed by rows, for its column to be promised complete."""
FRESH = 0.8
"""New values, against the day before, from which a column is one of running numbers."""
PSI = 0.1
"""No bound on the stability index is lower."""
WILD = 0.5
LEAST_DAYS = 14
COUNTS = 100
"""Whole numbers whose median is no larger, and that begin at 0 or 1, are counts: their mean means something."""
LOW = {"data.fd_violation", "data.mojibake_share"}
SENSITIVE = {"data.completeness", "data.matches", "data.in_set", "data.in_range", "data.pass_rate", "data.parse_rate"}


@dataclass(frozen=True, kw_only=True)
class Days:
    """A history and what measures it: *parts*, the *missing* tokens, and the *profile* they are compared with."""

    parts: Sequence[Part]
    missing: Mapping[str, tuple[str, ...]]
    profile: Profile | None

    @property
    def rows(self) -> float:
        """The median of the rows of a day."""
        return median(p.frame.height for p in self.parts) if self.parts else 0.0

    def measured(self, drafts: Sequence[Draft]) -> list[Series | None]:
        """The daily values of every draft, in one scan a day."""
        built = [_metric(draft) for draft in drafts]
        found: list[list[tuple[float | None, int]]] = [[] for _ in drafts]
        for part in self.parts:
            wanted = [(m.at(part.window.end, part.window), self.profile) for m in built if m is not None]
            scan = measure(part.frame, wanted, missing=self.missing) if wanted else None
            readings = iter([m.reading for m in scan.measured if m.group is None] if scan else [])
            for values, metric in zip(found, built, strict=True):
                reading = next(readings) if metric is not None else None
                values.append((reading.value, reading.n) if reading is not None else (None, 0))
        return [series_of(values) for values in found]


def _metric(item: Draft) -> Metric | None:
    spec = catalogue()[item.evidence.metric]
    keys = dict(item.keys)
    own = {p.name for p in spec.params}
    reference = Reference(kind=ReferenceKind.PROFILE, name="history") if "reference" in keys else None
    params = tuple(
        sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in keys.items() if k in own - {"weight"})
    )
    columns = () if "expr" in keys or "left" in keys else item.evidence.columns
    promise = Promise(
        id=item.id, metric=item.evidence.metric, columns=columns, expr=keys.get("expr"), params=params,  # type: ignore[arg-type]
        weight=keys.get("weight"), must=Usual(), reference=reference,  # type: ignore[arg-type]
    )  # fmt: skip
    found = (
        spec.build(promise, Subject(id="data", kind=SubjectKind.ASSET, asset="data", promises=()))[0]
        if spec.implemented
        else None
    )
    return found if isinstance(found, Metric) else None


def shared(days: Days, drafts: Sequence[Draft]) -> Iterator[Draft]:
    """What was promised of all rows, with bounds that every day of the history keeps."""
    for item, series in zip(drafts, days.measured(drafts), strict=True):
        if item.evidence.metric == "data.row_count":
            continue
        if item.evidence.metric in LOW:
            yield raised(item, series, max(FEW_ROWS, days.rows))
        elif item.evidence.metric == "data.referential_integrity":
            yield _roomy(item, max(FEW_ROWS, days.rows))
        elif series is None or item.evidence.metric not in SENSITIVE or dict(item.keys)["must"] == "= 100 %":
            yield item
        else:
            yield lowered(item, series)


def _roomy(item: Draft, rows: float) -> Draft:
    """*item* with room for five rows of a day, and as many orphans again: its parent is not at hand day by day."""
    share = item.evidence.violations / item.evidence.n
    bound = floor(max(0.0, 1 - 2 * share - FEW_ROWS / rows) * 10_000) / 100
    return replace(item, keys=tuple((k, f">= {bound:g} %" if k == "must" else v) for k, v in item.keys))


def lowered(item: Draft, series: Series) -> Draft:
    """*item* with a lower bound from its days: enforced, for the bound says how much is usual."""
    slack = FEW_ROWS / max(series.rows, FEW_ROWS)
    bound = floor(max(0.0, series.low(slack)) * 10_000) / 10_000
    keys: list[Key] = [(k, f">= {bound * 100:g} %" if k == "must" else v) for k, v in item.keys if k != "mode"]
    why = f"{item.evidence.why}; on the worst of {len(series.values)} days {min(series.values):.2%}"
    alarms = series.alarms(bound) if series.spread else rare(item.evidence, series.rows)
    found = replace(item.evidence, why=why, mode=Mode.ENFORCE, false_alarms=alarms)
    return Draft(keys=tuple(keys), evidence=found)


def rare(evidence: Evidence, rows: float) -> float:
    """Expected false alarms a month where days do not vary: more than five of a day's rows against it (Poisson)."""
    rate = rows * (evidence.violations + 0.5) / (evidence.n + 1)
    below = sum(exp(-rate) * rate**k / factorial(k) for k in range(FEW_ROWS + 1))
    return DAYS * max(0.0, 1 - below)


def raised(item: Draft, series: Series | None, rows: float) -> Draft:
    """*item*, of which less is better, with an upper bound from its days, or from all rows where days had no value."""
    worst = item.evidence.violations / max(1, item.evidence.n) if series is None else series.high(0)
    bound = ceil((worst + FEW_ROWS / rows) * 10_000) / 100
    keys: list[Key] = [(k, f"<= {bound:g} %" if k == "must" else v) for k, v in item.keys if k != "mode"]
    alarms = series.alarms(bound / 100) if series is not None and series.spread else rare(item.evidence, rows)
    return Draft(keys=tuple(keys), evidence=replace(item.evidence, mode=Mode.ENFORCE, false_alarms=alarms))


def proposed(found: Findings, days: Days, time: str | None, reference: str) -> Iterator[Draft]:
    """Promises of a day as a whole: volume, ratios, means, segments, freshness, drift, time."""
    yield _proposal("volume", "data.row_count", (), "rows a day", severity="critical")
    for facts in found.facts.values():
        if facts.kind != OTHER and facts.distinct > 1 and facts.name != time:
            yield from _of_column(found, facts, reference)
    if time is not None and days.parts and days.parts[0].dated:
        keys: list[Key] = [("must", "<= 0 %"), ("severity", "critical")]
        yield _proposal("future", "data.future_share", (time,), "no row is from after its day", keys=keys)


def _of_column(found: Findings, facts: Facts, reference: str) -> Iterator[Draft]:
    name = (facts.name,)
    names = facts.kind == TEXT or (facts.kind == NUMERIC and not _measures(found, facts))
    if names and facts.name not in found.sets:
        yield _proposal("sharing", "data.distinctness", name, "distinct values a row: how rows hang together")
    if facts.kind == NUMERIC:
        yield _proposal("mean", "data.mean", name, "mean of a day")
        yield _proposal("steady", "drift.psi", name, "its distribution stays", keys=[("reference", reference)])
    elif facts.kind == TEXT and facts.name in found.sets:
        yield _proposal("steady", "drift.psi", name, "its distribution stays", keys=[("reference", reference)])
    if names and SEGMENTS[0] <= facts.distinct <= SEGMENTS[1]:
        keys: list[Key] = [("reference", reference), ("weight", "rows")]
        yield _proposal("segments", "data.segment_completeness", name, "its usual values are there", keys=keys)


def _measures(found: Findings, facts: Facts) -> bool:
    """Whether a mean of the column means something: fractions, or counts; not the numbers that name things."""
    if not found.schema[facts.name].is_integer():
        return True
    table = facts.counts.sort("value")
    middle = table.filter(pl.col("count").cum_sum() * 2 >= pl.col("count").sum())["value"]
    return len(middle) > 0 and table["value"][0] <= 1 and middle[0] <= COUNTS


def _whole_numbers(found: Findings, facts: Facts) -> bool:
    return facts.kind == TEXT or found.schema[facts.name].is_integer()


def _proposal(
    word: str, metric: str, columns: tuple[str, ...], why: str, *, keys: Sequence[Key] = (), severity: str | None = None
) -> Draft:  # fmt: skip
    named: list[Key] = [("metric", metric), *([("column", columns[0])] if columns else []), *keys]
    if severity is not None:
        named.append(("severity", severity))
    evidence = Evidence(promise=named_after(columns, word), metric=metric, columns=columns, n=0, violations=0, why=why)
    return Draft(keys=tuple(named), evidence=evidence)


def settled(found: Findings, days: Days, drafts: Sequence[Draft]) -> Iterator[Draft]:
    """The proposals that the history bears out, each with its bound and expected false alarms."""
    measured = dict(zip((d.id for d in drafts), days.measured(drafts), strict=True))
    numbered = {(f.name,) for f in found.facts.values() if f.kind == NUMERIC and not _measures(found, f)}
    clocks = {d.evidence.columns for d in drafts if d.id.endswith("_mean") and (s := measured[d.id]) and s.trending}
    for item in drafts:
        series = measured[item.id]
        running = item.evidence.columns in clocks and item.evidence.metric != "data.distinctness"
        if series is None or running:
            continue
        if item.evidence.metric == "data.mean" and item.evidence.columns in numbered:
            continue
        yield from _settled(item, series, days)


def _settled(item: Draft, series: Series, days: Days) -> Iterator[Draft]:
    match item.evidence.metric:
        case "data.row_count":
            yield from _volume(item, series, days)
        case "data.distinctness" if SHARED[0] <= series.middle <= SHARED[1]:
            yield from _usual(item, series, days)
        case "data.mean" if series.middle and series.spread <= STEADY * abs(series.middle):
            yield from _usual(item, series, days)
        case "drift.psi":
            yield from _drifting(item, series)
        case "data.segment_completeness":
            yield from _complete(item, series)
        case "data.future_share" if max(series.values) == 0:
            yield _told(item, item.keys, series, 0.0)
        case _:
            return


def _volume(item: Draft, series: Series, days: Days) -> Iterator[Draft]:
    yield from _usual(item, series, days)
    low, high = floor(series.low(0) * WILD), ceil(series.high(0) / WILD)
    wide = replace(item.evidence, promise="rows", why=f"rows a day, far outside {min(series.values):.0f} to "
                   f"{max(series.values):.0f}; needs no history")  # fmt: skip
    keys: list[Key] = [("metric", item.evidence.metric), ("must", f"between {max(0, low)} and {max(1, high)}")]
    yield _told(Draft(keys=(), evidence=wide), keys, series, min(series.alarms(low), series.alarms(high)))


def _usual(item: Draft, series: Series, days: Days) -> Iterator[Draft]:
    alarms = learnable(series, days.parts)
    if alarms is not None and alarms <= 1:
        keys = [k for k in item.keys if k[0] != "severity"]
        yield _told(item, [*keys, ("must", "usual"), *(k for k in item.keys if k[0] == "severity")], series, alarms)


def _drifting(item: Draft, series: Series) -> Iterator[Draft]:
    bound = max(PSI, ceil(series.high(0) * 2 * 100) / 100)
    if bound <= WILD:
        yield _told(item, [*item.keys, ("must", f"<= {bound:g}")], series, series.alarms(bound))


def _complete(item: Draft, series: Series) -> Iterator[Draft]:
    bound = floor(series.low(0) * 1_000) / 1_000
    if bound >= COVERED:
        yield _told(item, [*item.keys, ("must", f">= {bound * 100:g} %")], series, series.alarms(bound))


def _told(item: Draft, keys: Sequence[Key], series: Series, alarms: float) -> Draft:
    days = len(series.values)
    why = f"{item.evidence.why}: {series.middle:.4g}, give or take {series.spread:.2g}, over {days} days"
    return Draft(keys=tuple(keys), evidence=replace(item.evidence, why=why, n=days, false_alarms=alarms))


def fresh(found: Findings, days: Days) -> Iterator[Draft]:
    """Columns of running numbers: hardly any value of a day was there the day before, or an old day came again."""
    for facts in found.facts.values():
        if facts.name in found.sets or not _whole_numbers(found, facts) or len(days.parts) < LEAST_DAYS:
            continue
        news = [
            _new(before.frame.get_column(facts.name), after.frame.get_column(facts.name))
            for before, after in pairwise(days.parts)
        ]
        sizes = [p.frame.get_column(facts.name).n_unique() for p in days.parts]
        if min(news) >= FRESH and max(sizes) <= 10_000:  # noqa: PLR2004 (what a dictionary holds)
            bound = floor(min(news) * WILD * 100) / 100
            keys: list[Key] = [
                ("metric", "data.unseen_share"), ("column", facts.name), ("reference", "previous"),
                ("must", f">= {bound * 100:g} %"), ("intent", "unusual"), ("severity", "critical"),
            ]  # fmt: skip
            evidence = Evidence(
                promise=named_after((facts.name,), "fresh"), metric="data.unseen_share", columns=(facts.name,),
                n=len(news), violations=0, false_alarms=DAYS * tail(2 * LIMIT),
                why=f"at least {min(news):.1%} of a day's rows hold a value that the day before had not: an old day "
                "that comes again has none",
            )  # fmt: skip
            yield Draft(keys=tuple(keys), evidence=evidence)


def _new(before: pl.Series, after: pl.Series) -> float:
    held = after.drop_nulls()
    return float((~held.is_in(before.implode())).mean() or 0.0) if len(held) else 0.0  # type: ignore[arg-type]
