"""Owns ``qoa report``: profile and drift reports as HTML files that need nothing but a browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.lazy import Entry, LazyGroup
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.records import Subject

HERE = "qoa_platform.cli.report"
FILE = click.Path(path_type=Path, dir_okay=False)

report = LazyGroup(
    name="report",
    help="Write what data looks like, or how it changed, as an HTML file.",
    entries={
        "profile": Entry(module=HERE, attribute="profile", summary="What a data set looks like, on one page."),
        "drift": Entry(module=HERE, attribute="drift", summary="How far data lies from a reference, on one page."),
    },
)

output = click.option("-o", "--output", type=FILE, required=True, help="The HTML file to write.")
title = click.option("--title", help="What stands at the top.  [default: the name of the data]")
sensitive = click.option(
    "--sensitive", multiple=True, metavar="COLUMN", help="A column whose values are not shown; may be repeated."
)
contract = click.option(
    "--contract", type=click.Path(path_type=Path), help="A contract that says what is missing and sensitive."
)
of_subject = click.option("--subject", help="Whose: a subject of that contract.  [default: its only one of data]")


@leaf(
    example=[
        "qoa report profile sales.parquet -o profile.html", "qoa report profile day.csv -o day.html --rows 10",
    ],
    exits=(Exit.PROJECT,),
)  # fmt: skip
@click.argument("data")
@output
@title
@click.option("--rows", type=click.IntRange(0, 1000), default=0, help="Show so many raw rows.  [default: none]")
@sensitive
@contract
@of_subject
def profile(
    *, data: str, output: Path, title: str | None, rows: int, sensitive: tuple[str, ...], contract: Path | None,
    subject: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Profile DATA (a Parquet or CSV file, a folder of them, a URL) as one page of HTML.

    Types, missing values, distinct values, extremes, quantiles and plots of every column, and what stands out. The page
    is self-contained, and as small for many rows as for few. No raw row is on it unless --rows asks for some. Data that
    is larger than memory is read in batches; what is then an estimate says within which bounds.
    """
    from qoa_platform.profiles.summarising import summarise
    from qoa_platform.reports import profile_report

    columns, raw = _first(data, rows)
    about = _about(contract, subject)
    hidden = _columns(columns, sensitive, about)
    summary = summarise(data, missing=_tokens(columns, about))
    text = profile_report(
        summary, title=title or _name(data), source=_name(data), made=_now(), sensitive=hidden, rows=raw
    )  # fmt: skip
    _written(output, text, {"kind": "profile", "rows": summary.rows, "columns": len(columns)}, as_json=as_json)


@leaf(
    example=[
        "qoa report drift january.parquet february.parquet -o drift.html",
        "qoa report drift before.csv after.csv -o drift.html --segment store --time day --error loss --json",
    ],
    exits=(Exit.PROJECT,),
)
@click.argument("reference")
@click.argument("current")
@output
@title
@click.option("--segment", multiple=True, metavar="COLUMN", help="By whose values a shift is split; may be repeated.")
@click.option("--error", metavar="COLUMN", help="The column of each row's loss: what of its change inputs explain.")
@click.option("--time", metavar="COLUMN", help="The column of days or times: since when.")
@click.option(
    "--fdr",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Of the columns reported as drifted, so many may be false.",
)
@sensitive
@contract
@of_subject
def drift(
    *, reference: str, current: str, output: Path, title: str | None, segment: tuple[str, ...], error: str | None,
    time: str | None, fdr: float, sensitive: tuple[str, ...], contract: Path | None, subject: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare CURRENT with REFERENCE (files, folders, URLs) as one page of HTML.

    Which columns moved by more than noise, how far, and which values did; ranked by likeliest cause, with the segment,
    the day and the loss that a shift explains. Numbers are counted on the reference's own bins, categories in its
    dictionary.
    """
    from qoa_platform.api.drifting import drift as ranked
    from qoa_platform.profiles.comparing import compared
    from qoa_platform.reports import drift_report

    before, after = _frame(reference), _frame(current)
    about = _about(contract, subject)
    hidden = _columns(after.columns, sensitive, about)
    tokens = _tokens(after.columns, about)
    for name in (*segment, *(c for c in (error, time) if c is not None)):
        if name not in after.columns:
            raise unknown("column", name, after.columns)
    found = compared(before, after, missing=tokens, name=_name(reference))
    try:
        causes = ranked(before, after, segments=segment, error=error, time=time, missing=tokens, fdr=fdr).found
    except ValueError as problem:
        raise Complaint(Exit.USAGE, str(problem)) from problem
    text = drift_report(
        found, title=title or _name(current), source=_name(current), made=_now(), sensitive=hidden, causes=causes
    )  # fmt: skip
    told: dict[str, object] = {
        "kind": "drift", "rows": after.height, "columns": len(found.columns), "moved": found.moved,
        "drifted": causes.drifted,
    }  # fmt: skip
    if causes.happened is not None:
        told["happened"] = str(causes.happened)
    _written(output, text, told, as_json=as_json)


def _frame(data: str) -> Any:
    from qoa_platform.api.frames import framed

    return framed(data)


def _first(data: str, rows: int) -> tuple[list[str], list[tuple[object, ...]]]:
    """The columns of the data, and its first rows."""
    from qoa_platform.scans import opened

    with opened(data) as source:
        columns = list(source.schema)
        batch = next(source.batches(columns, rows), None) if rows else None
        return columns, batch.frame.head(rows).rows() if batch is not None else []


def _about(contract: Path | None, subject: str | None) -> "Subject | None":
    """The subject of a contract that says which tokens mean missing, and which columns are sensitive."""
    if contract is None:
        if subject is not None:
            raise Complaint(Exit.USAGE, "--subject says whose of a contract. Give the contract with --contract")
        return None
    from qoa_platform.api.preparing import prepare

    return prepare(contract).subject(subject)


def _columns(columns: list[str], named: tuple[str, ...], about: "Subject | None") -> set[str]:
    for name in named:
        if name not in columns:
            raise unknown("column", name, columns)
    return {*named, *(about.sensitive if about is not None else ())}


def _tokens(columns: list[str], about: "Subject | None") -> dict[str, tuple[str, ...]]:
    return {c: t for c, t in about.missing if c in columns} if about is not None else {}


def _name(data: str) -> str:
    return data.rstrip("/").rpartition("/")[2] or data


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _written(output: Path, text: str, told: dict[str, object], *, as_json: bool) -> None:
    from qoa_platform.cli.output import emit, say

    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Complaint(Exit.USAGE, f"{output} cannot be written: {error.strerror}") from error
    size = output.stat().st_size
    if as_json:
        emit({"report": {**told, "output": str(output), "bytes": size}})
    else:
        say(f"{output}: {told['kind']} of {told['rows']:,} rows, {told['columns']} columns, {size / 1000:,.0f} kB")
