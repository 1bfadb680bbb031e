"""Owns ``qoa contract explain`` and ``qoa contract schema``: a contract in sentences, and the language for editors."""

from pathlib import Path

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import leaf


@leaf(
    example=["qoa contract explain", "qoa contract explain contracts/retail.yaml"], exits=(Exit.PROJECT,)
)  # fmt: skip
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def explain(*, files: tuple[Path, ...], as_json: bool) -> None:
    """What a contract says, in sentences: for those who answer for it and do not read YAML.

    Without FILES all contracts of the project; of other dialects too (*.odcs.yaml, *.json).
    """
    from qoa_platform.cli.documents import document
    from qoa_platform.cli.output import emit, say
    from qoa_platform.contracts import explain as told
    from qoa_platform.ledger.home import find_home

    found = [document(path).contract for path in files or find_home().contracts]
    if as_json:
        emit({"contracts": [{"name": c.name, "version": c.version, "text": told(c)} for c in found]})
        return
    for number, contract in enumerate(found):
        say(*([""] if number else []), *told(contract).rstrip().splitlines())


@leaf(example=["qoa contract schema > contract.schema.json"], exits=())
def schema(*, as_json: bool) -> None:
    """The JSON Schema of the contract language, for editors that complete YAML.

    With the YAML language server: a first line `# yaml-language-server: $schema=../contract.schema.json`. The output is
    the schema itself, with or without --json.
    """
    from qoa_platform.cli.output import emit
    from qoa_platform.contracts import json_schema

    del as_json
    emit(json_schema())
