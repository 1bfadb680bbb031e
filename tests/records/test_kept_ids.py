"""Identities that are kept are those that would be computed anew."""

from datetime import UTC, datetime
from typing import Any

import pytest

from qoa_platform.records import (
    Direction,
    Key,
    Measurement,
    Params,
    Reaction,
    ReactionKind,
    Reading,
    Severity,
    Status,
    Target,
    Unit,
    Verdict,
    Window,
    short,
)  # fmt: skip

T = datetime(2017, 10, 4, tzinfo=UTC)
DAY = Window.of_partition("2017-10-04")
NOTED: dict[str, Any] = {"at": T, "wall": T}
VALUES: list[Any] = [1, 1.0, True, 0, 0.0, -0.0, False, None, "1", (1, 2), (1.0, 2), (True, 2), ()]


@pytest.mark.parametrize("order", [1, -1])
def test_parameters_that_are_equal_but_not_the_same_are_other_series(order: int) -> None:
    """1, 1.0 and true are equal in Python and three things in a contract: whichever is asked for first."""
    for value in VALUES[::order]:
        params: Params = (("q", value),)
        measured = Measurement(
            metric="data.mean", params=params, subject="a", window=DAY, reading=Reading(value=1.0, n=1), unit=Unit.ONE,
            direction=Direction.TARGET, **NOTED,
        )  # fmt: skip
        for _ in range(2):
            assert measured.series == short("data.mean", params, "a", None, None)
            assert measured.id == short(measured.series, None, DAY, None, None, None)


def test_verdicts_and_reactions_keep_the_ids_of_the_language() -> None:
    """H(key), and H(cause, rule, step, target, firing)."""
    key = Key(contract="c", subject="s", promise="p", group="g")
    verdict = Verdict(
        key=key, window=DAY, status=Status.SATISFIED, severity=Severity.WARNING, metric="m", contract_version=1,
        contract_digest="d", **NOTED,
    )  # fmt: skip
    target = Target(asset="a", partition="2017-10-04")
    facts: dict[str, Any] = {"contract": "c", "contract_digest": "d", "reason": "r", **NOTED}
    first, again = (
        Reaction(rule="r", step=0, kind=ReactionKind.RERUN, target=target, cause="e", firing=n, **facts) for n in (1, 2)
    )
    for _ in range(2):
        assert verdict.series == short(key)
        assert first.id == short("reaction", "e", "r", 0, ReactionKind.RERUN, target, 1)
        assert again.id == short("reaction", "e", "r", 0, ReactionKind.RERUN, target, 2)
