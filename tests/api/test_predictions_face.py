"""Tests of the face's judge on prediction frames: what an audit over a ledger says, without one."""

from dataclasses import replace

import pytest

from qoa_platform.api import SubjectError, judge
from qoa_platform.audit import Audited
from qoa_platform.ledger import Store
from tests.audit.conftest import ledger  # noqa: F401 (a fixture)
from tests.audit.desk import HEAD, NOW, Desk, said
from tests.audit.test_predictions import SUBJECTS, THREE, forecast


def plain(found: Audited) -> dict[str, object]:
    """Verdicts by key, without digests and ids."""
    return {str(v.key): replace(v, data=None, trial=None, measurements=(), window=v.window) for v in found.verdicts}


def test_predictions_are_judged_as_an_audit_judges_them(ledger: Store) -> None:  # noqa: F811
    """Law: every version, its baselines, the champion and the objective of the release, to the last word."""
    desk = Desk.of(ledger, SUBJECTS)
    desk.champion("v1", "v2", "v3")
    frame = forecast(THREE)
    found = judge(HEAD + SUBJECTS, frame, subject="demand", over="shop/backtest", champion="v1", now=NOW)
    theirs = desk.judged("shop/backtest", "all", frame)
    assert said(found.verdicts) == said(theirs.verdicts)
    assert plain(Audited(verdicts=found.verdicts)) == plain(theirs)


def test_without_a_champion_there_is_none() -> None:
    """What is compared with a champion is unknown where none is said; a version that is a baseline is not judged."""
    found = judge(HEAD + SUBJECTS, forecast(THREE), subject="demand", over="shop/backtest", now=NOW)
    honest = [v for v in found if v.key.promise == "honest" and v.key.group is None]
    assert {str(v) for v in honest} == {"unknown(no_reference)"}
    assert {v.key.version for v in found} == {"v1", "v2", "v3"}


def test_which_frame_it_is_must_be_said() -> None:
    """Of promises over two assets one is meant; a frame without predictions is none."""
    with pytest.raises(SubjectError, match="Allowed: shop/backtest, shop/scorecard"):
        judge(HEAD + SUBJECTS, forecast(THREE), subject="demand", now=NOW)
    with pytest.raises(SubjectError, match="missing: predicted"):
        judge(HEAD + SUBJECTS, forecast(THREE).drop("predicted"), subject="demand", over="shop/scorecard", now=NOW)
