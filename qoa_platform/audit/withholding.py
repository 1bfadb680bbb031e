"""Owns withholding: which asks have answers that hold values of sensitive columns, and are therefore not kept."""

from collections.abc import Collection

from qoa_platform.records import Ask

HOLDING = frozenset({
    "frequencies", "confusion", "keys", "distinct_sketch", "quantile_sketch", "span", "fields",
})  # fmt: skip
"""States with values of their columns in them, or bare hashes of such, which can be guessed."""


def withheld(ask: Ask, sensitive: Collection[str]) -> bool:
    """Whether the answer to *ask* holds values of *sensitive* columns, and must not be stored.

    So do groups (their names are values), and the states of ``HOLDING``: values, the least and the greatest of them,
    samples, and hashes without a key. Counts, moments, sums and histograms hold none, and masks (``a9``) name nobody.
    An ask of no column may read all of them; a user's own aggregates may read what they do not name.

    >>> names = Ask(state="frequencies", columns=("name",))
    >>> withheld(names, ["name"]), withheld(names, ["shop"]), withheld(names, [])
    (True, False, False)
    """
    if not sensitive:
        return False
    hidden = set(sensitive)
    if hidden & set(ask.by):
        return True
    if ask.state not in HOLDING or ("of", "mask") in ask.params:
        return False
    return not ask.columns or ask.state == "fields" or bool(hidden & set(ask.columns))
