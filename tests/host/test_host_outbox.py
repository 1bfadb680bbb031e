"""Owns the tests of the outbox sink ``dagster``: what happened outside a run is told to Dagster, once."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from qoa_platform.orchestration.outbox import report
from qoa_platform.reactions.commands import accept, promote_by_force
from qoa_platform.reactions.effects import DAGSTER_SINK
from qoa_platform.records import ModelVersion, TrialState
from tests.host.conftest import Open
from tests.host.shop import DAY, DEMAND, FAILURE, POLICY, RELEASE, SUCCESS, TRAINING, Shop, day_of, text

BACK_OUT = "  - {name: back-out, when: demand.live violated, do: [{rollback: demand}]}\n"
CONTRACT = text(DEMAND, TRAINING, POLICY, BACK_OUT, RELEASE)
VERSION = "dagster/data_version"


@pytest.fixture
def shop(open_shop: Open) -> Iterator[Shop]:
    """The shop with its model and an instance of its own."""
    with dg.DagsterInstance.ephemeral() as own:
        yield open_shop(CONTRACT, instance=own)


def told(shop: Shop, asset: str, partition: str | None = None) -> list[Any]:
    """All materializations that Dagster knows of, oldest first."""
    wanted = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(asset.split("/")), asset_partitions=None if partition is None else [partition]
    )
    return list(reversed(shop.instance.fetch_materializations(wanted, limit=50).records))


def runless(shop: Shop, asset: str, partition: str | None = None) -> list[dg.AssetMaterialization]:
    """Those that no run wrote."""
    return [r.asset_materialization for r in told(shop, asset, partition) if not r.run_id]


def waiting(shop: Shop) -> int:
    """How many messages to Dagster are not delivered."""
    return len(shop.ledger.outbox(DAGSTER_SINK, 1000))


def test_what_a_run_told_is_not_told_again(shop: Shop) -> None:
    """A run that succeeded wrote its own events: the sink is emptied, and nothing runless is added."""
    shop.daily()
    assert waiting(shop) == 3
    assert report(shop.workspace, shop.instance) == 0
    assert waiting(shop) == 0
    assert runless(shop, "shop/sales", DAY) == []


def test_nothing_is_told_while_the_run_goes_on(shop: Shop) -> None:
    """While the run that published goes on its message waits: the run may still tell by itself."""
    seen: list[tuple[int, int]] = []
    shop.source.during = lambda: seen.append((report(shop.workspace, shop.instance), waiting(shop)))
    shop.daily()
    assert seen == [(0, 2)]
    assert runless(shop, "shop/raw", DAY) == []


def test_a_failed_run_that_told_is_not_told_again(shop: Shop) -> None:
    """A run that published one asset and failed at the next: Dagster knows the first, nothing runless is added."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    assert shop.daily().status is FAILURE
    assert report(shop.workspace, shop.instance) == 0
    assert (waiting(shop), len(told(shop, "shop/raw", DAY))) == (0, 1)


@pytest.mark.faults
def test_a_crash_between_pointer_and_event(open_shop: Open, tmp_path: Path, child: Callable[..., Any]) -> None:
    """SIGKILL after the pointer moved: once the run is over Dagster is told by the outbox, exactly once."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        shop = open_shop(CONTRACT, instance=instance)
        killed = child("daily", shop.workspace.home.root, home, QOA_FAILPOINT="publish.after_move:2")
        assert killed.wait(90) == -signal.SIGKILL
        digest = shop.published("shop/sales", DAY)
        assert digest is not None
        assert shop.trial("shop/sales", DAY).state is TrialState.PUBLISHED
        assert told(shop, "shop/sales", DAY) == []
        assert report(shop.workspace, instance) == 0
        assert shop.runs.adopt_lost() == 1
        assert [report(shop.workspace, instance) for _ in range(3)] == [1, 0, 0]
        (event,) = runless(shop, "shop/sales", DAY)
        assert (event.tags or {})[VERSION] == digest
        assert event.metadata["qoa/digest"].value == digest
        assert len(told(shop, "shop/raw", DAY)) == 1


def test_a_promotion_is_told_with_the_versions_digest(shop: Shop) -> None:
    """The champion moved outside a run: a runless materialization of the model asset names version and artifact."""
    shop.daily()
    shop.train()
    shop.settle()
    report(shop.workspace, shop.instance)
    (event,) = runless(shop, "shop/demand_model")
    version = shop.ledger.find(ModelVersion, series="demand")[0]
    assert (event.tags or {})[VERSION] == version.artifact
    assert event.metadata["qoa/promote"].value == "v1"


def test_a_rollback_is_told_once(shop: Shop) -> None:
    """Forced, failed live, rolled back: three runless events, the last with the artifact that is in force again."""
    shop.daily()
    shop.train()
    shop.settle()
    shop.source.live["v2"] = 0.6
    shop.source.estimator = lambda level: {"level": level + 1}
    shop.train()
    versions = shop.ledger.find(ModelVersion, series="demand")
    shop.ledger.commit(promote_by_force(shop.world, versions[1], "shop/demand_model", actor="me", reason="trust me"))
    shop.run("shop/scorecard")
    shop.settle()
    for _ in range(2):
        report(shop.workspace, shop.instance)
    events = runless(shop, "shop/demand_model")
    first, second = (v.artifact for v in versions)
    assert [(e.tags or {})[VERSION] for e in events] == [first, second, first]
    assert events[-1].metadata["qoa/rollback"].value == "v1"
    assert events[1].metadata["qoa/reason"].value == "trust me"
    assert first != second


def test_an_acceptance_is_told(shop: Shop) -> None:
    """A person accepts the odd day: Dagster hears of it as a materialization of that partition."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    digest = shop.trial("shop/sales", DAY).output or ""
    shop.ledger.commit(accept(shop.world, "shop/sales", DAY, digest, actor="me", reason="a holiday"))
    report(shop.workspace, shop.instance)
    (event,) = runless(shop, "shop/sales", DAY)
    assert ((event.tags or {})[VERSION], event.partition) == (digest, DAY)
    assert shop.run("shop/totals").status is SUCCESS


def test_a_wiped_history_is_not_written_anew(shop: Shop) -> None:
    """What was delivered is delivered: after a wipe in Dagster nothing is told again by itself."""
    shop.daily()
    report(shop.workspace, shop.instance)
    shop.instance.wipe_assets([dg.AssetKey(["shop", "sales"])])
    assert report(shop.workspace, shop.instance) == 0
    assert told(shop, "shop/sales", DAY) == []
