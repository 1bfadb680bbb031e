"""Owns the tests of runs in progress: judged provisionally, ended and confirmed ended, over already."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from qoa_platform.loop import reconcile
from qoa_platform.records import ReactionKind, RunState, TrialState
from tests.host.conftest import Open
from tests.host.shop import DEMAND, RELEASE, TRAINING, Shop, text

KILL = """\
policy:
  - {name: kill, when: training.too_slow violated, do: [{terminate: shop/demand_model}, alert]}
"""
TOO_SLOW = '      - {id: too_slow, metric: resource.elapsed, must: "<= 2 s", severity: critical}\n'
SLOW = TRAINING.replace('"<= 1 USD"}\n', '"<= 1 USD"}\n' + TOO_SLOW)
YAML = """\
telemetry: {enabled: false}
run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}
run_launcher: {module: tests.host.signalling, class: Signalling}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A Dagster home whose launcher ends a run by a signal."""
    made = tmp_path / "dagster"
    made.mkdir()
    (made / "dagster.yaml").write_text(YAML)
    return made


@pytest.fixture
def shop(open_shop: Open, home: Path) -> Iterator[Shop]:
    """A shop with a day and its totals, whose further history other processes share."""
    contract = text(DEMAND, SLOW, KILL, RELEASE)
    open_shop(contract).daily()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield open_shop(contract, instance=instance)


def test_a_run_in_progress_is_ended(shop: Shop, home: Path, child: Callable[..., Any]) -> None:
    """It runs on beyond its promise: judged provisionally, terminated once, confirmed ended; nothing is published."""
    training = child("train", shop.workspace.home.root, home)
    assert training.stdout.readline() == "under way\n"
    assert reconcile(shop.ports).plans == [] or shop.verdicts("too_slow")
    time.sleep(2.5)
    shop.settle()
    assert training.stdout.readline() == "CANCELED\n"
    verdict = shop.verdicts("too_slow")[-1]
    assert (verdict.provisional, str(verdict), verdict.trial) == (True, "violated", None)
    terminate = shop.reactions(ReactionKind.TERMINATE)
    assert [r.target.run for r in terminate] == [verdict.evidence["run"]]
    assert shop.lives(ReactionKind.TERMINATE) == [["applied"]]
    assert shop.outcomes(terminate[0])[-1].detail == f"run {verdict.evidence['run']} ended"
    assert (shop.published("shop/demand_model"), shop.world.versions) == (None, ())
    assert shop.trial("shop/demand_model").state is TrialState.STARTED
    assert shop.runs.active() == []


def test_a_run_that_is_over_is_not_ended(open_shop: Open) -> None:
    """Terminating what has ended already says so, and touches nothing."""
    shop = open_shop()
    run = shop.daily()
    assert shop.runs.terminate(run.run_id) is False
    assert shop.runs.terminate("no such run") is False
    assert shop.run_of(run.run_id).status.value == "SUCCESS"


def test_what_a_killed_process_left_running_is_given_up(shop: Shop, home: Path, child: Callable[..., Any]) -> None:
    """The process that executed a run was killed: whoever comes next fails that run, which is active no more."""
    training = child("train", shop.workspace.home.root, home)
    assert training.stdout.readline() == "under way\n"
    assert [(v.state, v.assets) for v in shop.runs.active()] == [
        (RunState.RUNNING, ("shop/backtest", "shop/demand_model", "shop/features"))
    ]
    training.kill()
    training.wait()
    assert shop.runs.adopt_lost() == 1
    assert shop.runs.active() == []
    assert shop.trial("shop/demand_model").state is TrialState.STARTED
