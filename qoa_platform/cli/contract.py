"""Owns ``qoa contract``: the group of everything that is done with contracts as files."""

from qoa_platform.cli.lazy import Entry, LazyGroup

HERE = "qoa_platform.cli"

contract = LazyGroup(
    name="contract",
    help="Suggest, check, explain, compare and freeze contracts.",
    entries={
        "suggest": Entry(
            module=f"{HERE}.suggesting", attribute="suggest", summary="Profile data, write the contract it suggests."
        ),
        "check": Entry(
            module=f"{HERE}.checking",
            attribute="check",
            summary="Read and lint: all errors at once, with their places.",
        ),
        "explain": Entry(
            module=f"{HERE}.explaining", attribute="explain", summary="What a contract says, in sentences."
        ),
        "schema": Entry(
            module=f"{HERE}.explaining", attribute="schema", summary="The JSON Schema, for editors that complete YAML."
        ),
        "diff": Entry(
            module=f"{HERE}.diffing", attribute="diff", summary="What changed, and whether it is stricter now."
        ),
        "freeze": Entry(
            module=f"{HERE}.freezing", attribute="freeze", summary="Freeze published days as a reference by hand."
        ),
        "coverage": Entry(
            module=f"{HERE}.coverage", attribute="coverage", summary="Promises that were never once put to the test."
        ),
    },
)
