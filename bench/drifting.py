"""Drift over a year of Complete Journey: daily promises on quiet days, and a small lasting shift of prices.

January to March is the frozen reference; every later day is judged alone (PSI below 0.1 over its noise floor, with the
dispersion of the days before it) and together with the days before (``verdicts.drifting.lasting`` of the stability
index). Quiet days are told with alarms; then the prices of a share
of the products rise by 8 % from a day on: after how many days is it found.
Starts in April to August were looked at when settings were chosen, those from September on were not. Beside it stands
evidently's default of a day against the same reference, where its environment is made (``python -m bench.peers``).

    python -m bench.drifting
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import polars as pl

from bench.machine import machine
from bench.peers import run
from bench.planted import HOLIDAYS, LAST, LEARNT, REAL, TIME, sales
from qoa_platform.metrics.drift_bins import Psi
from qoa_platform.profiles import Wanted, freeze
from qoa_platform.records import DAY, Profile, Window
from qoa_platform.scans import measure
from qoa_platform.verdicts.drifting import Past, Sides, dispersion, standard
from qoa_platform.verdicts.drifting.lasting import lasting

COLUMNS = ("sales_value", "quantity", "retail_disc")
BOUND, RISE, SHARES = 0.1, 1.08, (0.1, 0.2, 0.4, 1.0)
HELD_OUT = date(2017, 9, 1)
PATIENCE = 60
"""So many days after its beginning a shift counts as not found."""


@dataclass(frozen=True, kw_only=True)
class Year:
    """The days after the reference, what they show as they are, and with the prices of a share of products risen."""

    profile: Profile
    days: Sequence[date]
    calm: Mapping[str, Sequence[Past]]
    risen: Mapping[float, Sequence[Past]]


def year() -> Year:
    """Every day of the year on the bins of its first three months."""
    table = sales().with_columns(pl.col(TIME).dt.date().alias("day"))
    first = table.filter(pl.col("day") < LEARNT)
    at = Window.of_day(LEARNT).start
    profile = freeze(
        first, [Wanted(c) for c in COLUMNS], name="quarter", subject="sales", source=("bench",), at=at, wall=at,
        window=Window(start=at - 90 * DAY, end=at),
    )  # fmt: skip
    frames = {k[0]: v for k, v in table.partition_by("day", as_dict=True).items()}
    days = [d for d in sorted(frames) if LEARNT <= d <= LAST and d not in REAL]
    calm = {c: [shown(frames[d], c, profile) for d in days] for c in COLUMNS}
    risen = {
        share: [shown(dearer(frames[d], share), "sales_value", profile) for d in days] for share in SHARES
    }  # fmt: skip
    return Year(profile=profile, days=days, calm=calm, risen=risen)


def dearer(frame: pl.DataFrame, share: float) -> pl.DataFrame:
    """The day with the prices of so many products risen."""
    hit = pl.col("product_id").cast(pl.Int64) * 7_919 % 1_000 < 1_000 * share
    return frame.with_columns(
        pl.when(hit).then(pl.col("sales_value") * RISE).otherwise(pl.col("sales_value")).alias("sales_value")
    )


def shown(frame: pl.DataFrame, column: str, profile: Profile) -> Past:
    """The stability index of one day."""
    (found,) = measure(frame, [(Psi(columns=(column,)), profile)], missing={}).measured
    return Past(value=found.reading.value or 0.0, rows=found.reading.n)


def floors(found: Year, column: str) -> list[float]:
    """The noise floor of every day, with the dispersion of the days before it."""
    known = found.profile.column(column)
    assert known is not None
    reference, bins = known.n - known.missing, len(known.bins10.counts) if known.bins10 else 0
    values = found.calm[column]
    wild = [dispersion("drift.psi", values[:i], reference=reference, bins=bins).phi for i in range(len(values))]
    return [
        Sides(rows=v.rows, reference=reference, bins=bins, dispersion=w).floor("drift.psi", looks=len(COLUMNS)) or 0.0
        for v, w in zip(values, wild, strict=True)
    ]  # fmt: skip


def quiet(found: Year, column: str) -> str:
    """Alarms of the promise and of the lasting judge on days as they are."""
    known, values = found.profile.column(column), found.calm[column]
    assert known is not None
    floor = floors(found, column)
    over = [d for d, v, f in zip(found.days, values, floor, strict=True) if v.value >= BOUND >= f]
    blind = sum(f > BOUND for f in floor)
    held = [d for d in over if d not in HOLIDAYS]
    shifts = lasting([standard("drift.psi", v, known.n - known.missing) for v in values], only_up=True)
    told = ", ".join(f"{found.days[s.since]} ({s.sigmas:+.1f}σ)" for s in shifts.shifts) or "none"
    largest = max(v.value for d, v in zip(found.days, values, strict=True) if d not in HOLIDAYS)
    return (
        f"{len(values)} days: {len(held)} alarms ({len(over) - len(held)} on holidays), {blind} unknown; largest PSI "
        f"{largest:.3f}, last floor {floor[-1]:.4f}; lasting shifts: {told}"
    )


def delays(found: Year, share: float, starts: Sequence[date]) -> list[int]:
    """Days until prices that rose on a day are found by the lasting judge, PATIENCE where they are not."""
    known, told = found.profile.column("sales_value"), []
    assert known is not None
    reference = known.n - known.missing
    for start in starts:
        first = found.days.index(start)
        mixed = [*found.calm["sales_value"][:first], *found.risen[share][first : first + PATIENCE]]
        shifts = lasting([standard("drift.psi", v, reference) for v in mixed], only_up=True).shifts
        told.append(min((s.at - first + 1 for s in shifts if s.at >= first), default=PATIENCE))
    return told


def planted(found: Year) -> list[str]:
    """How soon, over starts a week apart, before and after the day from which nothing was looked at."""
    possible = [d for i, d in enumerate(found.days) if i >= 35 and i % 7 == 0 and i + 30 < len(found.days)]
    parts = {
        "April–August": [d for d in possible if d < HELD_OUT], "held out": [d for d in possible if d >= HELD_OUT],
    }  # fmt: skip
    return [told(found, share, name, starts) for share in SHARES for name, starts in parts.items()]


def told(found: Year, share: float, name: str, starts: Sequence[date]) -> str:
    """One line: a share of the products, over some starts."""
    late = delays(found, share, starts)
    once = sum(found.risen[share][found.days.index(d)].value >= BOUND for d in starts)
    return (
        f"prices of {share:.0%} of the products + {RISE - 1:.0%}, {name}: {sum(t < PATIENCE for t in late)} of "
        f"{len(late)} starts found, median "
        f"{median(late):.0f} days, worst {max(late)}; by the promise on the first day: {once}"
    )


def peer(found: Year) -> str:
    """Evidently's default on every tenth quiet day, and on the same days with prices risen."""
    table = sales().with_columns(pl.col(TIME).dt.date().alias("day")).select("day", *COLUMNS)
    with tempfile.TemporaryDirectory() as folder:
        reference, days = Path(folder) / "reference.parquet", Path(folder) / "days.parquet"
        table.filter(pl.col("day") < LEARNT).drop("day").write_parquet(reference)
        chosen = [d for d in found.days[::10] if d not in HOLIDAYS]
        table.filter(pl.col("day").is_in(chosen)).write_parquet(days)
        told = run("evidently", "drifting_peer", "evidently", len(chosen), reference, days, RISE)
    return told.failed or told.note


def main() -> int:
    """Measure and print."""
    print(machine())
    found = year()
    for column in COLUMNS:
        print(f"{column}: {quiet(found, column)}")
    print(*planted(found), sep="\n")
    print(f"evidently, its default: {peer(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
