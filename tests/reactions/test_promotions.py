"""Promotions and rollbacks as reactions (semantics 20–22): performed once, held back, never into a bad version."""

from datetime import timedelta

import pytest

from qoa_platform.reactions.commands import NotPossible, promote_by_force
from qoa_platform.reactions.guarding import plan_batch
from qoa_platform.records import Alias, Batch, ModelVersion, PointerKind, Reason, Release, ReleaseState, Verdict
from tests.reactions.conftest import Set
from tests.reactions.stage import MODEL, RELEASE, Scene, contract, day, rule, step

BACK_OUT = rule("back-out", "demand.live violated", step("rollback", "demand"), "alert")
HELD = contract(BACK_OUT, release=RELEASE)


def trained(now: Scene, version: str, against: str | None = None, status: str = "satisfied") -> None:
    """A version is trained and backtested: by its promise, or against the champion."""
    now.later(timedelta(hours=1))
    now.train(version)
    if against is None:
        now.judge("demand.useful", day(0), status, version=version, data="b" * 64)
    else:
        evidence = {"champion": against, "low": 0.001, "high": 0.02}
        now.judge("release.objective", day(0), status, version=version, data=f"{version}{against}", evidence=evidence)
    now.reconcile()


def champion(now: Scene) -> str | None:
    """Who is champion."""
    return now.value(PointerKind.ALIAS, "demand|champion")


def states(now: Scene) -> dict[tuple[str, int], str]:
    """(version, number) → the state of its release."""
    return {(r.version, r.number): str(r.state) for r in now.ledger.find(Release)}


def failed(now: Scene, version: str) -> Verdict:
    """The champion's forecasts turn out badly."""
    now.later(timedelta(hours=1))
    made = now.judge("demand.live", day(0), "violated", version=version)
    now.reconcile()
    return made


def test_the_first_champion_is_promoted_once(scene: Set) -> None:
    """Semantics 20: the first version whose promises over the backtest are kept becomes champion, by one move."""
    now = scene(HELD)
    trained(now, "v1")
    assert champion(now) == "v1"
    assert states(now) == {("v1", 1): "promoted"}
    assert [m.verb for m in now.ledger.moves(PointerKind.ALIAS)] == ["promote"]
    assert [e.data["verb"] for _, e in now.ledger.outbox("dagster")] == ["promote"]
    assert now.reconcile().idle


def test_better_is_promoted_and_worse_is_refused_for_ever(scene: Set) -> None:
    """Semantics 20: a challenger that is better succeeds the champion; one that is worse is refused, and stays so."""
    now = scene(HELD)
    trained(now, "v1")
    trained(now, "v2", "v1")
    trained(now, "v3", "v2", "violated")
    assert champion(now) == "v2"
    assert states(now) == {("v1", 1): "retired", ("v2", 1): "promoted", ("v3", 1): "refused"}
    now.judge("release.objective", day(1), "satisfied", version="v3", evidence={"champion": "v2"})
    assert now.reconcile().idle


def test_inconclusive_waits(scene: Set) -> None:
    """Semantics 20: an inconclusive comparison waits for the next backtest, and nothing is moved."""
    now = scene(HELD)
    trained(now, "v1")
    trained(now, "v2", "v1", Reason.IMPRECISE)
    assert states(now)["v2", 1] == "waiting"
    assert champion(now) == "v1"


def test_a_hold_keeps_a_promotion_back_and_its_release_lets_it_go(scene: Set) -> None:
    """Semantics 17 and decision 8: a hold defers a promotion, whenever it came; it does not supersede it."""
    now = scene(HELD)
    trained(now, "v1")
    now.later(timedelta(hours=1))
    now.train("v2")
    now.judge("release.objective", day(0), "satisfied", version="v2", evidence={"champion": "v1"})
    now.commit(plan_batch(now.world(), now.plan()))
    now.point(PointerKind.HOLD, "model:demand", "audit")
    now.reconcile()
    assert champion(now) == "v1"
    assert now.said("promote")[1] == "skipped(held: audit)"
    now.point(PointerKind.HOLD, "model:demand", None)
    now.reconcile()
    assert champion(now) == "v2"
    assert [r.firing for r in now.reactions("promote")] == [1, 1, 2]


def test_a_release_is_about_its_own_model(scene: Set) -> None:
    """Semantics 22: one `release:` per model: versions of another model are neither judged nor promoted by it."""
    now = scene(HELD)
    other = ModelVersion(
        model="other", version="w1", artifact="a" * 64, trial="t", at=now.clock.now, wall=now.clock.now
    )  # fmt: skip
    now.commit(Batch(records=(other,)))
    trained(now, "v1")
    assert states(now) == {("v1", 1): "promoted"}
    assert now.value(PointerKind.ALIAS, "other|champion") is None


def test_a_bad_champion_is_rolled_back(scene: Set) -> None:
    """Semantics 21: the champion whose promise is violated is left for the last good one, marked as bad, and told."""
    now = scene(HELD)
    trained(now, "v1")
    trained(now, "v2", "v1")
    failed(now, "v2")
    assert champion(now) == "v1"
    assert now.value(PointerKind.BAD_VERSION, "demand|v2") is not None
    assert states(now) == {("v1", 1): "retired", ("v2", 1): "rolled_back", ("v1", 2): "promoted"}
    assert [str(e.closing) for e in now.episodes()] == ["champion changed"]
    now.later(timedelta(hours=1))
    assert now.reconcile().idle


def test_rolled_back_is_final_and_never_gone_back_into(scene: Set) -> None:
    """Semantics 20 and 21: a version that was rolled back is never promoted again, and never rolled back into."""
    now = scene(HELD)
    trained(now, "v1")
    trained(now, "v2", "v1")
    failed(now, "v2")
    now.judge("release.objective", day(1), "satisfied", version="v2", evidence={"champion": "v1"})
    assert now.reconcile().idle
    trained(now, "v3", "v1")
    assert champion(now) == "v3"
    failed(now, "v3")
    assert champion(now) == "v1"


def test_with_nothing_to_go_back_to_a_rollback_is_skipped(scene: Set) -> None:
    """Semantics 21: without an earlier good champion the rollback is skipped with its reason; the champion stays."""
    now = scene(HELD)
    trained(now, "v1")
    failed(now, "v1")
    assert champion(now) == "v1"
    assert now.said("rollback") == ["skipped(nothing to go back to: no earlier champion that is not known to be bad)"]


def test_a_rollback_is_bound_to_the_version_left(scene: Set) -> None:
    """Semantics 21: when the version is champion no longer at the time of performing, the rollback is skipped."""
    now = scene(HELD)
    trained(now, "v1")
    trained(now, "v2", "v1")
    now.judge("demand.live", day(0), "violated", version="v2")
    now.commit(plan_batch(now.world(), now.plan()))
    now.train("v3")
    now.champion("v3")
    now.reconcile()
    assert champion(now) == "v3"
    assert now.said("rollback") == ["skipped(v2 is no longer champion; v3 is)"]


def test_an_episode_without_a_version_rolls_back_once(scene: Set) -> None:
    """Semantics 19: a service's episode that outlasts its rollback does not roll back again and again."""
    now = scene(contract(rule("back-out", "coupons.up violated", step("rollback", "demand"))))
    for version in ("v1", "v2", "v3"):
        now.train(version)
        now.champion(version)
    for number in range(3):
        now.judge("coupons.up", day(number), "violated", data=None)
        now.reconcile()
        now.later(timedelta(hours=1))
    assert champion(now) == "v2"
    assert len(now.reactions("rollback")) == 1


def test_forced_is_a_release_of_its_own(scene: Set) -> None:
    """Semantics 20: `promote --force` starts a new release of a refused version, recorded as forced, and is watched."""
    now = scene(HELD)
    trained(now, "v1")
    trained(now, "v2", "v1", "violated")
    version = next(v for v in now.ledger.find(ModelVersion) if v.version == "v2")
    now.later(timedelta(hours=1))
    now.commit(promote_by_force(now.world(), version, MODEL, actor="ann", reason="I know better"))
    assert champion(now) == "v2"
    now.reconcile()
    assert states(now) == {("v1", 1): "retired", ("v2", 1): "refused", ("v2", 2): "promoted"}
    failed(now, "v2")
    assert champion(now) == "v1"
    assert states(now)["v2", 2] == "rolled_back"


def test_forcing_minds_holds_and_the_champion(scene: Set) -> None:
    """Decision 8: a hold refuses a forced promotion too, also one that is set in between; the champion is champion."""
    now = scene(HELD)
    trained(now, "v1")
    now.train("v2")
    one, two = (v for v in now.ledger.find(ModelVersion))
    with pytest.raises(NotPossible, match="v1 is champion of demand already"):
        promote_by_force(now.world(), one, MODEL, actor="ann", reason="why not")
    batch = promote_by_force(now.world(), two, MODEL, actor="ann", reason="I know better")
    now.point(PointerKind.HOLD, "model:demand", "audit")
    assert "hold model:demand" in str(now.ledger.commit(batch))
    with pytest.raises(NotPossible, match="a hold stands on model demand: audit"):
        promote_by_force(now.world(), two, MODEL, actor="ann", reason="I know better")


@pytest.mark.parametrize("alias", [Alias.CHALLENGER, Alias.SHADOW])
def test_a_new_champion_is_challenger_no_more(scene: Set, alias: Alias) -> None:
    """Decision: no reader ever sees a version in two places: other aliases that name it are unset by the same move."""
    now = scene(HELD)
    trained(now, "v1")
    now.later(timedelta(hours=1))
    now.train("v2")
    now.point(PointerKind.ALIAS, f"demand|{alias}", "v2")
    now.judge("release.objective", day(0), "satisfied", version="v2", evidence={"champion": "v1"})
    now.reconcile()
    assert champion(now) == "v2"
    assert now.value(PointerKind.ALIAS, f"demand|{alias}") is None


def test_a_release_is_never_revised_after_its_end(scene: Set) -> None:
    """Semantics 20: refused, rolled back and retired are final: no release has a revision after such a state."""
    now = scene(HELD)
    trained(now, "v1")
    for number in range(2, 6):
        trained(now, f"v{number}", champion(now))
        failed(now, champion(now) or "")
    final = {ReleaseState.REFUSED, ReleaseState.ROLLED_BACK, ReleaseState.RETIRED, ReleaseState.REPLACED}
    by_id: dict[str, list[ReleaseState]] = {}
    for release in now.ledger.find(Release, all_revisions=True):
        by_id.setdefault(release.id, []).append(release.state)
    assert all(state not in final for states_ in by_id.values() for state in states_[:-1])
