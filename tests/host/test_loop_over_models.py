"""Owns the tests of the loop over models: refused, waiting, promoted on evidence, forced, and rolled back."""

from datetime import timedelta

import pytest

from qoa_platform.reactions.commands import promote_by_force, set_hold
from qoa_platform.records import (
    FINAL_RELEASES,
    Committed,
    ModelVersion,
    PointerKind,
    ReactionKind,
    Release,
    ReleaseState,
)
from tests.host.conftest import Open
from tests.host.shop import DEMAND, RELEASE, SUCCESS, TRAINING, Shop, text

BACK_OUT = """\
policy:
  - {name: back-out, when: demand.live violated, do: [{rollback: demand}, {rerun: shop/scorecard}, alert]}
"""
ALIAS = "demand|champion"


@pytest.fixture
def released(open_shop: Open) -> Shop:
    """A shop in which v1 is champion, with a scorecard of its own."""
    shop = open_shop(text(DEMAND, TRAINING, BACK_OUT, RELEASE))
    shop.daily()
    shop.train()
    shop.settle()
    shop.run("shop/scorecard")
    shop.settle()
    return shop


def releases(shop: Shop) -> dict[str, str]:
    """Version → state of its last release."""
    found = sorted(shop.ledger.find(Release, series="demand"), key=lambda r: (r.number, r.revision))
    return {r.version: str(r.state) for r in found}


def reasons(shop: Shop, version: str) -> str:
    """Why the last release of *version* stands where it does."""
    found = [r for r in shop.world.releases if r.version == version]
    return "; ".join(max(found, key=lambda r: r.number).reasons)


def forced(shop: Shop, version: str) -> None:
    """A person makes *version* champion."""
    record = next(v for v in shop.ledger.find(ModelVersion, series="demand") if v.version == version)
    done = shop.ledger.commit(promote_by_force(shop.world, record, "shop/demand_model", actor="me", reason="trust me"))
    assert isinstance(done, Committed)


def champions(shop: Shop) -> list[tuple[str, str | None]]:
    """The champion's history: verb and version."""
    return [(m.verb, m.value) for m in shop.ledger.moves(PointerKind.ALIAS, key=ALIAS)]


def test_the_first_champion_keeps_its_promises(open_shop: Open) -> None:
    """Without a champion a candidate's own promises decide: a plainly bad one is refused, a good one is champion."""
    shop = open_shop(text(DEMAND, TRAINING, BACK_OUT, RELEASE))
    shop.daily()
    shop.source.errors["v1"] = 0.8
    shop.train()
    shop.settle()
    assert (shop.world.champion("demand"), releases(shop)) == (None, {"v1": "refused"})
    shop.train()
    shop.settle()
    assert champions(shop) == [("promote", "v2")]
    assert "useful" in reasons(shop, "v2")


def test_a_worse_challenger_is_refused(released: Shop) -> None:
    """Plainly worse on paired evidence: refused, with the interval as its reason; the champion stays."""
    released.source.errors["v2"] = 0.3
    released.train()
    released.settle()
    assert releases(released) == {"v1": "promoted", "v2": "refused"}
    assert "worse than v1" in reasons(released, "v2")
    assert champions(released) == [("promote", "v1")]


def test_refused_is_final(released: Shop) -> None:
    """Its backtest is made again and looks better now: a refused version is never promoted by policy."""
    released.source.errors["v2"] = 0.3
    released.train()
    released.settle()
    released.source.errors["v2"] = 0.01
    released.run("shop/backtest")
    released.settle()
    assert releases(released)["v2"] == "refused"
    assert champions(released) == [("promote", "v1")]


def test_a_better_challenger_is_promoted_on_evidence(released: Shop) -> None:
    """Better beyond doubt: champion by one compare-and-set that names reaction and evidence; v1 is retired."""
    released.source.errors["v2"] = 0.02
    released.train()
    released.settle()
    assert releases(released) == {"v1": "retired", "v2": "promoted"}
    move = released.ledger.moves(PointerKind.ALIAS, key=ALIAS)[-1]
    promotion = released.reactions(ReactionKind.PROMOTE)[-1]
    assert (move.value, move.previous, move.reaction) == ("v2", "v1", promotion.id)
    assert "better than v1" in reasons(released, "v2")
    assert move.evidence["release"] == released.world.releases[-1].id


def test_an_inconclusive_one_waits(released: Shop) -> None:
    """As good as the champion but for noise: it waits, and a newer candidate takes its place."""
    released.source.errors["v2"] = 0.1
    released.train()
    released.settle()
    assert releases(released)["v2"] == "waiting"
    released.source.errors["v3"] = 0.02
    released.train()
    released.settle()
    assert releases(released) == {"v1": "retired", "v2": "replaced", "v3": "promoted"}


def test_a_forced_version_is_rolled_back(released: Shop) -> None:
    """A person forces a refused version: recorded as such; it fails live and goes back to the last good, for good."""
    released.source.errors["v2"], released.source.live["v2"] = 0.3, 0.6
    released.train()
    released.settle()
    forced(released, "v2")
    assert [r.forced for r in released.world.releases if r.version == "v2"] == [False, True]
    assert released.run("shop/scorecard").status is SUCCESS
    released.settle()
    assert champions(released) == [("promote", "v1"), ("promote --force", "v2"), ("rollback", "v1")]
    assert releases(released) == {"v1": "promoted", "v2": "rolled_back"}
    assert released.pointer(PointerKind.BAD_VERSION, "demand|v2") is not None
    assert released.lives(ReactionKind.ROLLBACK) == [["applied"]]
    assert [str(e.closing) for e in released.world.episodes] == ["champion changed"]


def test_the_forecast_is_made_again_after_a_rollback(released: Shop) -> None:
    """The rule's rerun makes the scorecard anew with the version gone back to, and is applied once."""
    released.source.live["v2"] = 0.6
    released.train()
    forced(released, "v2")
    released.run("shop/scorecard")
    released.settle()
    assert released.lives(ReactionKind.RERUN) == [["requested", "applied"]]
    frame = released.workspace.read_frame("shop/scorecard", "all", released.published("shop/scorecard") or "")
    assert frame["version"].unique().to_list() == ["v1"]


def test_a_rolled_back_version_never_comes_back_by_itself(released: Shop) -> None:
    """However good its next backtest looks, the version is known to be bad; only a person may force it again."""
    released.source.live["v2"] = 0.6
    released.train()
    forced(released, "v2")
    released.run("shop/scorecard")
    released.settle()
    released.source.errors["v2"] = 0.001
    released.run("shop/backtest")
    released.settle()
    assert released.world.champion("demand") == "v1"
    forced(released, "v2")
    assert released.world.champion("demand") == "v2"


def test_nothing_to_go_back_to(released: Shop) -> None:
    """The first champion fails live: the rollback is skipped with its reason, the alert is sent, the champion stays."""
    released.source.live["v1"] = 0.6
    released.run("shop/scorecard")
    released.settle()
    rollback = released.reactions(ReactionKind.ROLLBACK)[0]
    last = released.outcomes(rollback)[-1]
    assert (str(last.state), "nothing to go back to" in last.detail) == ("skipped", True)
    assert champions(released) == [("promote", "v1")]
    assert released.lives(ReactionKind.ALERT) == [["applied"]]


def test_a_candidates_live_verdict_opens_no_episode(released: Shop) -> None:
    """Only the champion's verdicts open episodes: a candidate that fails its promises feeds its release and no rule."""
    released.source.errors["v2"] = 0.9
    released.train()
    released.settle()
    assert [str(v) for v in released.verdicts("useful") if v.key.version == "v2"] == ["violated"]
    assert released.world.episodes == ()


def test_a_hold_keeps_a_promotion_back(released: Shop) -> None:
    """While the model is held a winner waits and says for what; released, it is promoted."""
    released.ledger.commit(set_hold(released.world, "model:demand", reason="audit", actor="me", why="audit"))
    released.source.errors["v2"] = 0.02
    released.run("shop/features")
    released.ledger.commit(set_hold(released.world, "model:demand", reason=None, actor="me", why="to train"))
    released.train()
    released.ledger.commit(set_hold(released.world, "model:demand", reason="audit", actor="me", why="audit"))
    released.settle()
    assert (releases(released)["v2"], released.world.champion("demand")) == ("waiting", "v1")
    assert "a hold stands on demand" in reasons(released, "v2")
    released.ledger.commit(set_hold(released.world, "model:demand", reason=None, actor="me", why="done"))
    released.settle()
    assert releases(released)["v2"] == "promoted"


def test_a_held_model_is_not_trained(released: Shop) -> None:
    """A hold on the model refuses its training run too."""
    released.ledger.commit(set_hold(released.world, "model:demand", reason="audit", actor="me", why="audit"))
    assert "held: audit" in released.failures(released.train())["shop__demand_model"]
    assert [v.version for v in released.world.versions] == ["v1"]


def test_the_history_of_aliases_is_kept(released: Shop) -> None:
    """Every move of the champion is kept with generation, actor and reason, in one line without gaps."""
    released.source.errors["v2"] = 0.02
    released.train()
    released.settle()
    forced(released, "v1")
    moves = released.ledger.moves(PointerKind.ALIAS, key=ALIAS)
    assert [m.generation for m in moves] == [1, 2, 3]
    assert [(m.previous, m.value) for m in moves] == [(None, "v1"), ("v1", "v2"), ("v2", "v1")]
    assert [m.actor for m in moves] == ["qoa", "qoa", "me"]
    assert all(m.reason for m in moves)


def test_evidence_that_is_too_old_decides_nothing(released: Shop) -> None:
    """A backtest whose last day is longer ago than the contract reacts leaves its candidate undecided."""
    released.tick(released.workspace.clock.at() + timedelta(days=90))
    released.source.errors["v2"] = 0.02
    released.train()
    released.settle()
    state = ReleaseState(releases(released)["v2"])
    assert state not in FINAL_RELEASES
    assert released.world.champion("demand") == "v1"
