"""Owns ``qoa measure``: the metrics of a subject over any range of published days, from stored states alone."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.audit.against import Change
    from qoa_platform.audit.ranges import Answer, Shape
    from qoa_platform.audit.stored import Stored
    from qoa_platform.cli.project import Project
    from qoa_platform.records import Contract, Subject

DAY = click.DateTime(formats=["%Y-%m-%d"])
LENGTH = re.compile(r"(\d{1,4}) ?d?")
RANGE = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
TIMES = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days ``[since, until)``; an open end is ``None``. *shown* is the first day that is answered for."""

    since: str | None
    until: str | None
    shown: str | None = None

    def __str__(self) -> str:
        return f"[{self.shown or self.since or 'the first'}, {self.until or 'the last'})"


@leaf(
    example=[
        "qoa measure sales --since 2017-01-01 --by month",
        "qoa measure retail/sales_day --metric data.mean --by department --last 28d",
        "qoa measure sales --since 2017-11-01 --against 2017-10-01..2017-11-01",
    ],
    exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)
@click.argument("what", metavar="SUBJECT|ASSET")
@click.option("--metric", "metrics", multiple=True, help="Only this promise or metric; may be repeated.")
@click.option("--column", "columns", multiple=True, help="Columns of a --metric that nothing promises.")
@click.option("--since", type=DAY, help="First day.")
@click.option("--until", type=DAY, help="The day after the last.")
@click.option("--by", "by", multiple=True, help="day, week, month, quarter, year, or a column; one of each.")
@click.option("--last", help="The last days, as in 28d, up to --until.")
@click.option("--rolling", is_flag=True, help="With --last: of every day, the days that end with it.")
@click.option("--against", help="Another range, SINCE..UNTIL, to compare with.")
@click.option("--contract", "contract_name", help="Whose subject, where several contracts have one of that id.")
def measure(
    *, what: str, metrics: tuple[str, ...], columns: tuple[str, ...], since: Any, until: Any, by: tuple[str, ...],
    last: str | None, rolling: bool, against: str | None, contract_name: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Measure any range of published days, from stored states: no row of data is read.

    Year to date, a month, the last 28 days, or every 28 days in turn: what partitions kept when they were published is
    merged. A partition that was repaired, or came late, counts with what it holds now. With --against two ranges are
    compared, and the counts of the other range are the reference for drift. What cannot be merged says why.
    """
    from qoa_platform.audit.against import changes
    from qoa_platform.audit.ranges import answers, questions
    from qoa_platform.audit.stored import Stored
    from qoa_platform.cli.project import open_project

    project = open_project()
    contract, subject = _subject(project, what, contract_name)
    asset = subject.asset or ""
    shape = _shape(by, last, rolling=rolling)
    span = _span(Stored(project.ledger, asset), since, until, last, rolling=shape.rolling)
    stored = Stored(project.ledger, asset, since=span.since, until=span.until)
    if not stored.published:
        raise Complaint(Exit.STATE, f"nothing of {asset} in {span} is published. {_there(project, asset)}")
    now = project.clock.at()
    asked = questions(contract, subject, stored, now, named=metrics, columns=columns, by=shape.column)
    told: dict[str, object] = {
        "contract": contract.name, "subject": subject.id, "asset": asset, "since": span.shown or span.since,
        "until": span.until, "partitions": len(stored.published),
    }  # fmt: skip
    if against is not None:
        other = _other(project, asset, against, by, rolling=rolling)
        found = changes(stored, other, asked, subject, shape, now)
        _compare(told, found, against, len(other.published), as_json=as_json)
        return
    shown = span.shown
    try:
        rows = [a for a in answers(stored, asked, shape, now) if shown is None or a.folded.stretch >= shown]
    except ValueError as error:  # partitions that are no days
        raise Complaint(Exit.STATE, str(error)) from error
    _tell(told, rows, shape, as_json=as_json)


def _subject(project: "Project", what: str, contract_name: str | None) -> "tuple[Contract, Subject]":
    """The subject of data that is meant, by its id or its asset."""
    contracts = project.contracts()
    if contract_name is not None and contract_name not in {c.name for c in contracts}:
        raise unknown("contract", contract_name, [c.name for c in contracts])
    own = [(c, s) for c in contracts if contract_name in (None, c.name) for s in c.subjects if s.asset and not s.model]
    found = [(c, s) for c, s in own if what in {s.id, s.asset}]
    if not found:
        raise unknown("subject of data", what, [*(s.id for _, s in own), *(s.asset or "" for _, s in own)])
    if len(found) > 1:
        names = ", ".join(f"{c.name}: {s.id}" for c, s in found)
        raise Complaint(Exit.USAGE, f"{what!r} is {len(found)} subjects ({names}). Say which by its id, or --contract")
    return found[0]


def _shape(by: tuple[str, ...], last: str | None, *, rolling: bool) -> "Shape":
    from qoa_platform.audit.ranges import Shape
    from qoa_platform.profiles.stretches import Every

    times, columns = [b for b in by if b in TIMES], [b for b in by if b not in TIMES]
    if len(times) > 1 or len(columns) > 1:
        raise Complaint(Exit.USAGE, f"--by {', '.join(by)}: one stretch of time and one column at most")
    if rolling and (last is None or times):
        raise Complaint(Exit.USAGE, "--rolling takes its length from --last, as in --last 28d, and no --by of time")
    return Shape(
        every=Every(times[0]) if times else Every.ALL, column=columns[0] if columns else None,
        rolling=_days(last) if rolling and last is not None else None,
    )  # fmt: skip


def _days(text: str) -> int:
    found = LENGTH.fullmatch(text.strip())
    days = int(found[1]) if found else 0
    if days < 1:
        raise Complaint(Exit.USAGE, f"--last {text!r} is no number of days. Allowed: 1d to 9999d")
    return days


def _span(every: "Stored", since: Any, until: Any, last: str | None, *, rolling: int | None) -> Span:
    """The days that are read, and those that are answered for: rolling ones look back beyond the first."""
    first = since.date() if since is not None else None
    end = until.date() if until is not None else None
    if first is not None and end is not None and end <= first:
        raise Complaint(Exit.USAGE, f"--until {end} is not after --since {first}")
    if rolling is not None:
        back = None if first is None else (first - timedelta(days=rolling - 1)).isoformat()
        return Span(since=back, until=_iso(end), shown=_iso(first))
    if last is not None:
        if first is not None:
            raise Complaint(Exit.USAGE, "--since and --last both say where the range begins. Allowed: one of them")
        end = end or _after(every)
        first = end - timedelta(days=_days(last))
    return Span(since=_iso(first), until=_iso(end))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _after(every: "Stored") -> date:
    """The day after the last published one."""
    last = max(every.published, default="")
    try:
        return date.fromisoformat(last) + timedelta(days=1)
    except ValueError:
        found = f"partition {last!r} of {every.asset} is no day" if last else f"nothing of {every.asset} is published"
        raise Complaint(Exit.STATE, f"{found}: there are no last days") from None


def _there(project: "Project", asset: str) -> str:
    from qoa_platform.audit.stored import Stored

    days = list(Stored(project.ledger, asset).published)
    return f"Published: {days[0]} … {days[-1]}" if days else "Published: nothing"


def _other(project: "Project", asset: str, text: str, by: tuple[str, ...], *, rolling: bool) -> "Stored":
    from qoa_platform.audit.stored import Stored

    found = RANGE.fullmatch(text)
    if found is None or found[1] >= found[2]:
        raise Complaint(Exit.USAGE, f"--against {text!r} is no range. Allowed: SINCE..UNTIL, as 2017-01-01..2017-02-01")
    if rolling or set(by) & set(TIMES):
        raise Complaint(Exit.USAGE, "--against compares two ranges as wholes. Allowed with it: --by COLUMN")
    other = Stored(project.ledger, asset, since=found[1], until=found[2])
    if not other.published:
        raise Complaint(Exit.STATE, f"nothing of {asset} in {text} is published. {_there(project, asset)}")
    return other


def _plain(answer: "Answer") -> dict[str, object]:
    question, folded = answer.question, answer.folded
    metric = question.metric
    return {
        "promise": question.promise.id, "metric": metric.id if metric else question.promise.metric,
        "columns": question.columns, "params": dict(metric.params) if metric else {}, "stretch": folded.stretch,
        "group": folded.group, "value": folded.reading.value, "unit": answer.unit, "n": folded.reading.n,
        "bound": folded.reading.bound, "reason": folded.reading.reason, "cause": folded.reading.cause,
        "partitions": folded.found, "of": folded.of,
    }  # fmt: skip


def _tell(told: dict[str, object], rows: "list[Answer]", shape: "Shape", *, as_json: bool) -> None:
    from qoa_platform.cli.output import Table, emit, say, tables

    if as_json:
        emit({"measure": {**told, "by": shape.every, "column": shape.column, "rolling": shape.rolling,
                          "answers": [_plain(a) for a in rows]}})  # fmt: skip
        return
    say(f"{told['asset']}: {told['partitions']} published partitions, no row read")
    columns = ("promise", "metric", "columns", "stretch", "group", "value", "n", "partitions", "unknown because")
    tables(Table(columns=columns, rows=[_cells(a) for a in rows]))


def _cells(answer: "Answer") -> tuple[object, ...]:
    from qoa_platform.records import show

    question, folded = answer.question, answer.folded
    reading = folded.reading
    why = None if reading.reason is None else f"{reading.reason}: {reading.cause or ''}"
    metric = question.metric.id if question.metric else question.promise.metric
    parts = f"{folded.found}" if folded.found == folded.of else f"{folded.found} of {folded.of}"
    return (
        question.promise.id, metric, ", ".join(question.columns), folded.stretch, folded.group,
        show(reading.value, answer.unit), f"{reading.n:,}", parts, why,
    )  # fmt: skip


def _compare(
    told: dict[str, object], found: "list[Change]", against: str, partitions: int, *, as_json: bool
) -> None:  # fmt: skip
    from qoa_platform.cli.output import Table, emit, say, tables
    from qoa_platform.records import show

    if as_json:
        changed = [
            {**_plain(c.now), "then": _plain(c.then) if c.then else None, "floor": c.floor} for c in found
        ]  # fmt: skip
        emit({"measure": {**told, "against": against, "against_partitions": partitions, "changes": changed}})
        return
    say(f"{told['asset']}: {told['partitions']} published partitions against {partitions} of {against}, no row read")
    rows = []
    for change in found:
        promise, metric, columns, _, group, value, n, _, why = _cells(change.now)
        then = "" if change.then is None else show(change.then.folded.reading.value, change.then.unit)
        floor = "" if change.floor is None else f"{change.floor:.3g}"
        rows.append((promise if change.then else "", metric, columns, group, value, then, floor, n, why))
    heads = ("promise", "metric", "columns", "group", "value", "then", "noise", "n", "unknown because")
    tables(Table(columns=heads, rows=rows))
