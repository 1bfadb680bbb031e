"""Owns the tests of the reconcile sensor, called as Dagster's daemon calls it: requests, adoption, refusals, skips."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from qoa_platform.orchestration import PublishedFrames, reconcile_sensor
from qoa_platform.orchestration.inline import InlineRuns
from qoa_platform.orchestration.tags import ATTEMPT, KEY, REACTION
from qoa_platform.records import Batch, Outcome, OutcomeState, ReactionKind, Target
from tests.host.conftest import Open
from tests.host.shop import DAY, POLICY, Shop, Source, assets_of, day_of, text

Tick = Callable[[], list[dg.RunRequest | dg.SkipReason]]
RERUN = ReactionKind.RERUN


@pytest.fixture
def broken(open_shop: Open) -> Iterator[Shop]:
    """A shop of its own instance, whose day was kept back."""
    with dg.DagsterInstance.ephemeral() as own:
        shop = open_shop(instance=own)
        shop.source.days[DAY] = day_of(DAY, rows=3)
        shop.daily()
        yield shop


@pytest.fixture
def tick(broken: Shop) -> Tick:
    """One tick of the sensor over the shop's definitions."""
    sensor = reconcile_sensor("quality", root=broken.workspace.home.root)
    made = dg.Definitions(
        assets=assets_of(broken.contract), sensors=[sensor],
        resources={"published": PublishedFrames(), "source": Source()},
    )  # fmt: skip

    def once() -> list[dg.RunRequest | dg.SkipReason]:
        with dg.build_sensor_context(instance=broken.instance, definitions=made) as context:
            found: Any = sensor(context)
            return [found] if isinstance(found, dg.RunRequest | dg.SkipReason) else list(found)

    return once


def execute(shop: Shop, request: dg.RunRequest) -> None:
    """What the daemon does with a request."""
    runs = InlineRuns(shop.instance, shop.repository)
    keys = [key.to_user_string() for key in request.asset_selection or ()]
    runs.execute(keys, partition=request.partition_key, run_tags=request.tags)


def test_a_tick_asks_for_the_run(broken: Shop, tick: Tick) -> None:
    """The request carries reaction and attempt as run key and tags, the assets of the repair and their partition."""
    (request,) = tick()
    assert isinstance(request, dg.RunRequest)
    rerun = broken.reactions(RERUN)[0]
    assert request.run_key == f"{rerun.id}:1"
    assert {k: request.tags[k] for k in (REACTION, ATTEMPT, KEY)} == {
        REACTION: rerun.id, ATTEMPT: "1", KEY: f"{rerun.id}:1",
    }  # fmt: skip
    assert [k.to_user_string() for k in request.asset_selection or ()] == ["shop/raw", "shop/sales"]
    assert request.partition_key == DAY
    assert broken.trials("shop/sales", DAY)[-1].attempt == 1


def test_it_asks_until_the_run_is_seen(broken: Shop, tick: Tick) -> None:
    """A request that the daemon lost is made again by the next tick, under the same key."""
    keys = {request.run_key for _ in range(3) for request in tick() if isinstance(request, dg.RunRequest)}
    assert keys == {f"{broken.reactions(RERUN)[0].id}:1"}
    assert broken.lives(RERUN) == [["requested"]]


def test_a_run_that_exists_is_adopted(broken: Shop, tick: Tick) -> None:
    """Once the run is there it is never asked for again; when it has succeeded the reaction is applied."""
    (request,) = tick()
    del broken.source.days[DAY]
    assert isinstance(request, dg.RunRequest)
    execute(broken, request)
    assert [type(answer) for answer in tick()] == [dg.SkipReason]
    assert broken.lives(RERUN) == [["requested", "applied"]]
    assert broken.published("shop/sales", DAY) is not None


def test_a_failed_run_is_asked_for_again_after_the_backoff(broken: Shop, tick: Tick) -> None:
    """The next attempt has a key of its own, and comes not before the backoff is over."""
    (request,) = tick()
    assert isinstance(request, dg.RunRequest)
    execute(broken, request)
    assert [type(answer) for answer in tick()] == [dg.SkipReason]
    (life,) = (broken.outcomes(r) for r in broken.reactions(RERUN))
    broken.tick(life[-1].at + timedelta(minutes=5))
    (again,) = tick()
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == f"{broken.reactions(RERUN)[0].id}:2"


def test_a_run_that_cannot_be_made_is_refused(broken: Shop, tick: Tick) -> None:
    """A partition that does not exist fails its reaction with the reason; the other requests of the tick go out."""
    tick()
    rerun = broken.reactions(RERUN)[0]
    strange = replace(rerun, target=Target(asset="shop/raw", partition="1999-01-01"), cause="x", revision=0)
    asked = Outcome(reaction=strange.id, state=OutcomeState.REQUESTED, at=rerun.at, wall=rerun.wall)
    broken.ledger.commit(Batch(records=(strange, asked)))
    requests = tick()
    assert [r.run_key for r in requests if isinstance(r, dg.RunRequest)] == [f"{rerun.id}:1"]
    last = broken.outcomes(strange)[-1]
    assert (str(last.state), last.detail) == ("failed", "shop/sales has no partition 1999-01-01")


def test_a_quiet_tick_says_what_it_did(broken: Shop, tick: Tick) -> None:
    """Nothing is wanted: the skip reason tells what was judged and applied."""
    del broken.source.days[DAY]
    broken.daily()
    broken.settle()
    (answer,) = tick()
    assert isinstance(answer, dg.SkipReason)
    assert str(answer.skip_message).startswith("no run is wanted")


def test_an_older_process_launches_nothing(broken: Shop, tick: Tick) -> None:
    """A newer version is in force: a sensor whose file is older decides nothing, and says so."""
    broken.contract.write_text(text(POLICY, version=2))
    broken.workspace.contracts()
    broken.contract.write_text(text(POLICY))
    (answer,) = tick()
    assert isinstance(answer, dg.SkipReason)
    assert "refuses to decide shop" in str(answer.skip_message)
    assert broken.reactions() == []
