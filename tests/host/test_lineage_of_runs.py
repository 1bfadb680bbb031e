"""Owns the tests of ``why`` over real runs: both ways through trial, data, model and reaction, also after a wipe."""

from collections.abc import Iterator

import dagster as dg
import pytest

from qoa_platform.lineage import Direction, Tree, why
from qoa_platform.records import ReactionKind
from tests.host.conftest import Open
from tests.host.shop import DAY, DEMAND, POLICY, RELEASE, TRAINING, Shop, day_of, text


@pytest.fixture
def told(open_shop: Open) -> Iterator[Shop]:
    """A bad day was repaired, a model trained and promoted, and its scorecard made."""
    with dg.DagsterInstance.ephemeral() as own:
        shop = open_shop(text(DEMAND, TRAINING, POLICY, RELEASE), instance=own)
        sent = iter([day_of(DAY, rows=3), day_of(DAY)])
        shop.source.days[DAY] = lambda: next(sent)
        shop.daily()
        shop.settle()
        shop.run("shop/totals")
        shop.train()
        shop.settle()
        shop.run("shop/scorecard")
        yield shop


def nodes(tree: Tree) -> set[str]:
    """Everything that an answer names; trials by their asset."""
    return {b.node.partition("|")[0] if b.node.startswith("data:") else b.title.partition(":")[0] for b in tree}


def test_an_asset_upwards(told: Shop) -> None:
    """A scorecard rests on the champion, it on its training, that on features, totals, the repaired day, a reaction."""
    found = nodes(why(told.ledger, "shop/scorecard", direction=Direction.UP))
    assert {"model demand v1", "trial of shop/demand_model all", "data:shop/features", "data:shop/totals"} <= found
    assert {"data:shop/sales", f"trial of shop/raw {DAY}"} <= found
    assert any(title.startswith("rerun shop/raw") for title in found)


def test_a_day_downwards(told: Shop) -> None:
    """What was built on the repaired day: totals, features, the model, its backtest and its scorecard."""
    found = nodes(why(told.ledger, f"shop/sales|{DAY}", direction=Direction.DOWN))
    assert {"data:shop/totals", "data:shop/features", "model demand v1", "data:shop/backtest"} <= found
    assert "data:shop/scorecard" in found


def test_a_model_both_ways(told: Shop) -> None:
    """Up to its training and the promotion that made it champion, down to what was forecast with it."""
    tree = why(told.ledger, "demand")
    up, down = {b.title for top in tree.up for b in top}, {b.node for top in tree.down for b in top}
    assert any(title.startswith("promote model demand") for title in up)
    assert "trial of shop/demand_model all: published" in up
    assert any(node.startswith("data:shop/scorecard") for node in down)


def test_a_reaction_both_ways(told: Shop) -> None:
    """A rerun came of an episode, which came of the bad day's trial; what it led to is the repaired day."""
    rerun = told.reactions(ReactionKind.RERUN)[0]
    tree = why(told.ledger, rerun.id)
    up, down = {b.title for top in tree.up for b in top}, {b.node for top in tree.down for b in top}
    assert "episode of sales.enough: violated" in up
    assert f"trial of shop/sales {DAY}: blocked" in up
    assert f"data:shop/sales|{DAY}|{told.published('shop/sales', DAY)}" in down


def test_an_incident(told: Shop) -> None:
    """An incident names the reactions that served it."""
    episode = told.world.episodes[0]
    down = {b.title.split(" ")[0] for b in why(told.ledger, f"incident:{episode.id}", direction=Direction.DOWN)}
    assert {"quarantine", "rerun", "alert"} <= down


def test_why_survives_a_wipe(told: Shop) -> None:
    """Everything is wiped in Dagster: the answers are the same, for the ledger is the record."""
    subjects = ("shop/scorecard", "demand", told.reactions(ReactionKind.RERUN)[0].id, f"shop/sales|{DAY}")
    before = [why(told.ledger, subject) for subject in subjects]
    keys = list(told.repository.asset_graph.toposorted_asset_keys)
    assert told.instance.get_latest_materialization_event(dg.AssetKey(["shop", "scorecard"])) is not None
    told.instance.wipe_assets(keys)
    assert told.instance.get_latest_materialization_event(dg.AssetKey(["shop", "scorecard"])) is None
    assert [why(told.ledger, subject) for subject in subjects] == before


def test_a_run_after_the_wipe_reads_what_was_published(told: Shop) -> None:
    """A wipe in Dagster loses a view, never truth: the next run reads the published days from the ledger."""
    told.instance.wipe_assets(list(told.repository.asset_graph.toposorted_asset_keys))
    told.run("shop/totals")
    reads = {(r.partition, r.digest) for r in told.trial("shop/totals").reads}
    assert reads == set(told.workspace.published("shop/sales").items())
