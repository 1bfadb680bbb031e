"""A year of Complete Journey: the contract suggested from January to March judges every later day, in order.

No day is looked at before it is judged. Days that the gate holds back are not learnt from. Told are the real incidents
that were found (24 November, a short day; 25 December, nothing came; 1 January 2018, a partial day), the alarms on all
other days by month, holidays of the shops among them, and what each alarm rests on. Settings of ``suggest`` were
looked at on the first half (April to August); the second half is held out. Beside it stand years of a synthetic shop
(three seeds), each with a day of half the rows, one on which nothing came and one on which half of the stores did not.

    python -m bench.journey
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from assets.retail.synthetic import synthetic_feed
from bench.machine import machine
from bench.planted import HOLIDAYS, LEARNT, TIME, learnt, sales
from qoa_platform.api.history import Given, History
from qoa_platform.audit.candidate import Candidate, Judged
from qoa_platform.audit.own import Asked, audit_own
from qoa_platform.profiles.suggesting import Suggestion
from qoa_platform.records import DAY, Mode, Verdict, Window
from qoa_platform.verdicts.remedies import because

LAST = date(2018, 1, 1)
HELD_OUT = date(2017, 9, 1)
"""From here on nothing was looked at when settings were chosen."""
REAL = {
    date(2017, 11, 24): "half of the rows", date(2017, 12, 25): "nothing came", date(2018, 1, 1): "a partial day",
}  # fmt: skip


SEEDS = (11, 12, 13)
SHOP = {
    date(2017, 6, 1): "half of the rows",
    date(2017, 8, 10): "nothing came",
    date(2017, 10, 20): "half of the stores",
}


@dataclass(frozen=True, kw_only=True)
class Day:
    """One judged day: the enforced promises that were violated, what was unknown, whether the gate held it back."""

    day: date
    violated: tuple[Verdict, ...]
    unknown: tuple[Verdict, ...]
    blocked: bool
    wrong: str | None
    """What was wrong with the data, if anything was."""

    @property
    def real(self) -> bool:
        """Whether something was wrong with the data."""
        return self.wrong is not None


def shop(seed: int) -> pl.DataFrame:
    """A year of a synthetic shop, with its three incidents."""
    rows = synthetic_feed(days=365, rows_per_day=1_000, seed=seed).frame
    half, nothing, stores = SHOP
    day = pl.col(TIME).dt.date()
    odd = (
        (day == half) & (pl.int_range(pl.len()) % 2 == 0) | (day == nothing)
        | (day == stores) & (pl.col("store_id") % 2 == 0)
    )  # fmt: skip
    return rows.filter(~odd).with_columns(pl.col(TIME).dt.replace_time_zone(None))


def judged(table: pl.DataFrame, found: Suggestion, last: date, wrong: Mapping[date, str]) -> Iterator[Day]:
    """Every day from April on, each judged with what was published before it."""
    frames = {k[0]: v.drop("day") for k, v in table.with_columns(pl.col(TIME).dt.date().alias("day"))
              .partition_by("day", as_dict=True).items()}  # fmt: skip
    subject = found.contract.subjects[0]
    promised, asked = Judged(contract=found.contract, subject=subject), Asked.of(subject)
    observed = {p.id for p in subject.promises if p.mode is Mode.OBSERVE}
    past, given = History(subject.target), {found.profile.name: found.profile} if found.profile is not None else {}
    for day in _days(min(frames), last):
        window, frame = Window.of_day(day), frames.get(day, table.clear())
        candidate = Candidate(
            asset=subject.target, partition=window.partition, window=window, frame=frame, digest="", trial="",
            at=window.end, wall=window.end,
        )  # fmt: skip
        references = Given(past, found.contract, subject, candidate, profiles=given)
        said = audit_own(past, promised, candidate, asked=asked, references=references, sample=False)
        if day < LEARNT or not said.blocked:
            past.audited(window, said)
        if day >= LEARNT:
            told = [v for v in said.verdicts if v.key.promise not in observed]
            yield Day(
                day=day, violated=tuple(v for v in told if v.violated), blocked=said.blocked, wrong=wrong.get(day),
                unknown=tuple(v for v in told if v.reason is not None),
            )  # fmt: skip


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


def figures(days: Sequence[Day]) -> dict[str, object]:
    """Real incidents found; days with an alarm a month that were none; the same in each half."""
    alarmed = [d for d in days if d.violated]
    false = [d for d in alarmed if not d.real]
    return {
        "days": len(days), "real": len([d for d in days if d.real]), "found": len([d for d in alarmed if d.real]),
        "alarmed_days": len(alarmed), "false_alarms": len(false),
        "of_them_on_holidays": len([d for d in false if d.day in HOLIDAYS]),
        "false_alarms_a_month": round(30 * len(false) / max(1, len(days)), 2),
        "by_month": dict(Counter(f"{d.day:%Y-%m}" for d in false)),
        "by_promise": dict(Counter(v.key.promise for d in false for v in d.violated).most_common()),
        "unknown": dict(Counter(str(v.reason) for d in days for v in d.unknown)),
    }  # fmt: skip


def alarms(days: Sequence[Day]) -> dict[str, list[str]]:
    """Each alarm with what it rests on."""
    return {
        f"{d.day}{f' ({d.wrong})' if d.real else ' (holiday)' if d.day in HOLIDAYS else ''}":
        [f"{v.key.promise}: {because(v)}" for v in d.violated]
        for d in days if d.violated
    }  # fmt: skip


def main() -> dict[str, object]:
    """Suggest, judge, tell."""
    began = time.perf_counter()
    rows = sales()
    read = time.perf_counter()
    contract = learnt(rows)
    suggested = time.perf_counter()
    days = list(judged(rows, contract, LAST, REAL))
    done = time.perf_counter()
    shops = {seed: list(judged(t, learnt(t), date(2017, 12, 31), SHOP)) for seed in SEEDS for t in [shop(seed)]}
    return {
        "machine": machine(), "promises": len(contract.evidence),
        "seconds": {"read": round(read - began, 1), "suggest": round(suggested - read, 1),
                    "judge": round(done - suggested, 1), "a_day": round((done - suggested) / len(days), 3)},
        "year": figures(days),
        "first_half": figures([d for d in days if d.day < HELD_OUT]),
        "held_out": figures([d for d in days if d.day >= HELD_OUT]),
        "alarms": alarms(days),
        "synthetic": {seed: {**figures(told), "alarms": alarms(told)} for seed, told in shops.items()},
    }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(), indent=2, default=str) + "\n")
