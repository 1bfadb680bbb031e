"""Owns ``qoa contract suggest``: data in, a commented contract out."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.besides import beside_option, tables_beside
from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    import polars as pl

    from qoa_platform.profiles.suggesting import Suggestion


@leaf(
    example=[
        "qoa contract suggest beers.csv --out beers.yaml",
        "qoa contract suggest sales.parquet --time sold_at --out contracts/sales.yaml",
        "qoa contract suggest sales.csv --beside shop/items=items.csv",
    ],
    exits=(),
)
@click.argument("data", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.  [default: print it]")
@click.option("--time", help="A column of times: the data is a history, cut into UTC days.")
@click.option("--name", default="suggested", help="The contract's name.")
@click.option("--asset", default="data", help="The asset that it is about.")
@beside_option("Another table in which foreign keys are looked for")
@click.option("--owner", default="nobody", help="Who answers for it.")
def suggest(
    *, data: tuple[Path, ...], out: Path | None, time: str | None, name: str, asset: str, owner: str,
    beside: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Profile data and write the contract that it suggests.

    DATA is a Parquet, CSV or Arrow file or a folder of Parquet. Several, or one with --time, are a history: bounds then
    come from what its days vary by. Above each promise stand why it is there and how strong
    the evidence is. What the source itself makes doubtful is `mode: observe`: it points at cells (`qoa flags`), and
    stops nothing. Read it before it is put in force.
    """
    from qoa_platform.cli.output import emit, say
    from qoa_platform.profiles import encode

    found = _suggested(data, time, name, asset, owner, tables_beside(beside))
    if out is not None:
        if out.exists():
            raise Complaint(
                Exit.USAGE, f"{out} exists. Allowed: a name that is free, for nobody's contract is replaced"
            )
        out.write_text(found.text, encoding="utf-8")
        if found.profile is not None:
            out.with_suffix(".profile").write_bytes(encode(found.profile))
    if as_json:
        emit({"contract": found.text, "evidence": found.evidence, "notes": found.notes})
    elif out is None:
        click.echo(found.text, nl=False)
    else:
        doubtful = sum(1 for e in found.evidence if e.mode == "observe")
        say(
            f"{out}: {len(found.evidence)} promises, of which {doubtful} are doubtful on their source and only observed"
        )
        if found.profile is not None:
            say(f"{out.with_suffix('.profile')}: what {found.profile.name} holds, which promises of drift compare with")
        near = "".join(f" --beside {pair}" for pair in beside)
        say(f"look at what they point at with: qoa flags {out} {data[0]}{near}")


def _suggested(
    data: tuple[Path, ...], time: str | None, name: str, asset: str, owner: str, beside: "dict[str, pl.DataFrame]"
) -> "Suggestion":  # fmt: skip
    from qoa_platform.api.frames import framed
    from qoa_platform.profiles.suggesting import suggest as suggested
    from qoa_platform.records.identity import KEY, NAME

    for word, text, allowed in (("--name", name, NAME), ("--asset", asset, KEY)):
        if not allowed.fullmatch(text) or ".." in text:
            raise Complaint(Exit.USAGE, f"{word} {text!r} is not allowed. Allowed: {allowed.pattern}")
    frames = [framed(path) for path in data]
    given = frames[0] if len(frames) == 1 else frames
    return suggested(given, time=time, name=name, asset=asset, owner=owner, beside=beside)
