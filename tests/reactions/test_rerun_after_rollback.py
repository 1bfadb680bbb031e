"""A rerun that follows a rollback is not lost when something keeps it waiting at the moment of the rollback."""

import pytest

from qoa_platform.records import PointerKind, RunState
from tests.reactions.conftest import Set
from tests.reactions.stage import FORECAST, Scene, contract, day, rule, step

BACK_OUT = rule("back-out", "demand.live violated", step("rollback", "demand"), step("rerun", FORECAST))


def hold(now: Scene, reason: str | None) -> None:
    """Somebody holds the forecast, or lets it go."""
    now.point(PointerKind.HOLD, f"asset:{FORECAST}", reason)


@pytest.mark.parametrize("keeps", ["an active run", "a hold"])
def test_it_is_written_with_the_rollback_and_requested_when_it_may_run(scene: Set, keeps: str) -> None:
    """The rollback ends the version's episode at once; what is to be made again waits as a request, and comes."""
    now = scene(contract(BACK_OUT))
    for version in ("v1", "v2"):
        now.train(version)
        now.champion(version)
    if keeps == "a hold":
        hold(now, "somebody looks into it")
    else:
        now.runs.start((FORECAST, "retail/scorecard"))  # the very run whose scorecard is judged is not over yet
    now.judge("demand.live", day(0), "violated", version="v2")
    assert now.reconcile().requests == []
    assert now.value(PointerKind.ALIAS, "demand|champion") == "v1"
    assert now.said("rerun") == ["requested(a run is awaited)"]
    assert now.reconcile().requests == []
    if keeps == "a hold":
        hold(now, None)
    else:
        now.runs.end("run-1", RunState.SUCCEEDED)
    (request,) = now.reconcile().requests
    assert request.assets[0] == FORECAST
