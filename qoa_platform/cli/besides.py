"""Owns ``--beside NAME=PATH``: tables of other assets that a command reads beside its data."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qoa_platform.cli.exits import Complaint, Exit

if TYPE_CHECKING:
    import polars as pl


def beside_option(what: str) -> Callable[[Any], Any]:
    """The option, which may be repeated; *what* it is for, as help says it."""
    return click.option("--beside", "beside", multiple=True, metavar="ASSET=PATH", help=f"{what}; may be repeated.")


def tables_beside(given: tuple[str, ...]) -> "dict[str, pl.DataFrame]":
    """The tables by the asset that each is of. Raises Complaint for what is none, leads nowhere, or is said twice."""
    from qoa_platform.api.frames import framed
    from qoa_platform.records.identity import KEY

    paths: dict[str, Path] = {}
    for text in given:
        asset, equals, path = text.partition("=")
        if not equals or not KEY.fullmatch(asset) or ".." in asset:
            raise Complaint(
                Exit.USAGE, f"--beside {text!r} is not allowed. Allowed: ASSET=PATH, as shop/items=items.csv"
            )
        if asset in paths:
            raise Complaint(Exit.USAGE, f"--beside names {asset} twice. Allowed: one table per asset")
        if not Path(path).exists():
            raise Complaint(Exit.USAGE, f"--beside {text!r}: there is no {path}. Allowed: a file or folder that exists")
        paths[asset] = Path(path)
    return {asset: framed(path) for asset, path in paths.items()}
