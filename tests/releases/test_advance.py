"""Tests of releases.advance and releases.evidence: semantics 20 to 22, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from qoa_platform.records import (
    Baseline,
    Contract,
    Fixed,
    Key,
    Margin,
    MarginKind,
    ModelVersion,
    Move,
    Objective,
    Operator,
    PointerKind,
    Promise,
    Reason,
    Release,
    ReleasePolicy,
    ReleaseState,
    Severity,
    Stage,
    Status,
    Subject,
    SubjectKind,
    Verdict,
    Versus,
    Window,
)
from qoa_platform.releases import Advance, advance, backtest_promises

NOW = datetime(2017, 10, 20, tzinfo=UTC)
POLICY = ReleasePolicy(
    model="demand", stages=(Stage(name="backtest"), Stage(name="full")),
    objective=Objective(
        metric="model.wape", over="retail/backtest", margin=Margin(kind=MarginKind.RELATIVE, value=0.0)
    ),
)  # fmt: skip
ASKED = {("demand", "useful"), ("demand", "honest")}


def version(number: int) -> ModelVersion:
    """Version v<number>, trained on day <number>."""
    moment = datetime(2017, 10, 1, tzinfo=UTC) + timedelta(days=number)
    return ModelVersion(model="demand", version=f"v{number}", artifact="a", trial="t", at=moment, wall=moment)


def verdict(
    number: int, status: Status, reason: Reason | None = None, *, subject: str = "demand", promise: str = "useful",
    evidence: dict[str, object] | None = None, data: str = "b1", group: str | None = None,
) -> Verdict:  # fmt: skip
    """A verdict on version v<number>."""
    return Verdict(
        key=Key(contract="c", subject=subject, promise=promise, version=f"v{number}", group=group),
        window=Window.of_partition("2017-10-19"), status=status, reason=reason, severity=Severity.WARNING,
        metric="model.wape", value=0.1, n=96, contract_version=1, contract_digest="d", data=data,
        evidence=evidence or {}, at=NOW, wall=NOW,
    )  # fmt: skip


def objective(
    number: int, status: Status, reason: Reason | None = None, *, champion: str = "v1", data: str = "b1"
) -> Verdict:
    """The objective's verdict on v<number> against *champion*, over the backtest *data*."""
    evidence: dict[str, object] = {"champion": champion, "low": -0.01, "high": 0.02}
    return verdict(number, status, reason, subject="release", promise="objective", evidence=evidence, data=data)


def move(value: str, verb: str, generation: int) -> Move:
    """A move of the champion alias."""
    return Move(
        kind=PointerKind.ALIAS, key="demand|champion", value=value, expected=generation - 1, verb=verb, actor="qoa",
        reason="r", at=NOW, wall=NOW, generation=generation,
    )  # fmt: skip


def step(
    *verdicts: Verdict, versions: int = 2, champion: str | None = "v1", releases: tuple[Release, ...] = (),
    policy: ReleasePolicy = POLICY, held: bool = False, moves: tuple[Move, ...] = (),
) -> Advance:  # fmt: skip
    """One advance with v1 … v<versions>; v1 is the champion unless said otherwise."""
    known = releases or ((release(1, ReleaseState.PROMOTED),) if champion else ())
    return advance(
        policy, releases=known, versions=[version(i + 1) for i in range(versions)], champion=champion,
        verdicts=verdicts, backtest=ASKED, held=held, at=NOW, wall=NOW, moves=moves,
    )  # fmt: skip


def release(of: int, state: ReleaseState, **changes: object) -> Release:
    """A release of v<of>."""
    made = Release(model="demand", version=f"v{of}", state=state, at=NOW, wall=NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def states(found: Advance) -> dict[str, str]:
    """Version → state of the revisions to be written."""
    return {r.version: str(r.state) for r in found.releases}


SATISFIED, VIOLATED, UNKNOWN = Status.SATISFIED, Status.VIOLATED, Status.UNKNOWN


def test_the_first_champion_keeps_its_promises() -> None:
    """Every promise over the backtest that can be judged is kept, and one is: no_reference is set aside."""
    found = step(
        verdict(1, SATISFIED), verdict(1, UNKNOWN, Reason.NO_REFERENCE, promise="honest"), versions=1, champion=None
    )
    (promotion,) = found.promotions
    assert (promotion.version, promotion.leaving, promotion.release.state) == ("v1", None, ReleaseState.PROMOTED)
    assert promotion.release.revision == 0
    assert found.releases == ()
    assert "first champion" in promotion.reason


@pytest.mark.parametrize("reason", [Reason.NO_REFERENCE, Reason.LABEL_PENDING, Reason.NOT_APPLICABLE])
def test_nothing_that_can_be_judged_makes_no_champion(reason: Reason) -> None:
    """If every promise is set aside there is no evidence, and no champion."""
    found = step(verdict(1, UNKNOWN, reason), verdict(1, UNKNOWN, reason, promise="honest"), versions=1, champion=None)
    assert (states(found), found.promotions) == ({"v1": "waiting"}, ())


@pytest.mark.parametrize("reason", [Reason.NO_DATA, Reason.ERROR, Reason.INSUFFICIENT_N, Reason.IMPRECISE])
def test_other_unknowns_make_the_first_champion_wait(reason: Reason) -> None:
    """Unknown is not kept: a promise that cannot be judged for another reason holds the candidate up."""
    found = step(verdict(1, SATISFIED), verdict(1, UNKNOWN, reason, promise="honest"), versions=1, champion=None)
    assert (states(found), found.promotions) == ({"v1": "waiting"}, ())


def test_a_promise_without_a_verdict_holds_the_first_champion_up() -> None:
    """Silence is not compliance: the missing verdict is named."""
    found = step(verdict(1, SATISFIED), versions=1, champion=None)
    assert found.promotions == ()
    assert "demand.honest is not judged yet" in found.reasons[0]


def test_a_broken_promise_refuses_the_first_champion() -> None:
    """Violated over the backtest is refused, with the promise as the reason; groups do not decide."""
    kept = verdict(1, SATISFIED, promise="honest")
    assert states(step(verdict(1, VIOLATED), kept, versions=1, champion=None)) == {"v1": "refused"}
    grouped = verdict(1, VIOLATED, promise="honest", group="DELI")
    assert len(step(verdict(1, SATISFIED), kept, grouped, versions=1, champion=None).promotions) == 1


def test_better_is_promoted() -> None:
    """A satisfied objective against the champion promotes, with the evidence it rests on."""
    better = objective(2, SATISFIED)
    found = step(better)
    (promotion,) = found.promotions
    assert (promotion.version, promotion.leaving) == ("v2", "v1")
    assert promotion.evidence["verdicts"] == [better.id]
    assert promotion.evidence["release"] == promotion.release.id
    assert "better than v1 (-0.0100 to 0.0200)" in promotion.reason


def test_worse_is_refused_with_every_reason() -> None:
    """A violated objective refuses; broken promises of the version are listed beside it, but do not decide."""
    found = step(objective(2, VIOLATED), verdict(2, VIOLATED, promise="honest", group="DRUG GM"))
    (refused,) = found.releases
    assert refused.state is ReleaseState.REFUSED
    assert len(refused.reasons) == 2
    assert "demand.honest[DRUG GM][v2]: violated" in refused.reasons[1]
    warned = step(objective(2, SATISFIED), verdict(2, VIOLATED, promise="honest"))
    assert [p.version for p in warned.promotions] == ["v2"]


def test_inconclusive_waits_and_each_backtest_counts_once() -> None:
    """Imprecise waits; the same backtest judged again is no new sample and no new revision; another one is."""
    first = step(objective(2, UNKNOWN, Reason.IMPRECISE))
    (waiting,) = first.releases
    assert (waiting.state, waiting.samples, waiting.revision) == (ReleaseState.WAITING, 1, 0)
    champion = release(1, ReleaseState.PROMOTED)
    again = step(objective(2, UNKNOWN, Reason.IMPRECISE), releases=(champion, waiting))
    assert again.releases == ()
    later = step(objective(2, UNKNOWN, Reason.IMPRECISE, data="b2"), releases=(champion, waiting))
    assert [(r.samples, r.revision) for r in later.releases] == [(2, 1)]


def test_inconclusive_for_too_long_is_refused() -> None:
    """After max_samples backtests the candidate is refused; with ``inconclusive: refuse`` at once."""
    champion, waiting = release(1, ReleaseState.PROMOTED), release(2, ReleaseState.WAITING, samples=2)
    vague = objective(2, UNKNOWN, Reason.IMPRECISE, data="b9")
    assert states(step(vague, releases=(champion, waiting), policy=replace(POLICY, max_samples=3))) == {"v2": "refused"}
    assert states(step(vague, releases=(champion, waiting), policy=replace(POLICY, max_samples=4))) == {"v2": "waiting"}
    assert states(step(vague, policy=replace(POLICY, inconclusive="refuse"))) == {"v2": "refused"}


def test_too_few_backtests_decide_nothing() -> None:
    """Before min_samples neither a win nor a loss is final."""
    policy = replace(POLICY, min_samples=2)
    for status in (SATISFIED, VIOLATED):
        found = step(objective(2, status), policy=policy)
        assert (states(found), found.promotions) == ({"v2": "waiting"}, ())
    waited = (release(1, ReleaseState.PROMOTED), release(2, ReleaseState.WAITING, samples=1))
    assert len(step(objective(2, SATISFIED, data="b2"), policy=policy, releases=waited).promotions) == 1


def test_evidence_against_another_champion_is_no_evidence() -> None:
    """A win over a version that is champion no longer decides nothing: the candidate is judged again."""
    releases = (release(1, ReleaseState.RETIRED), release(2, ReleaseState.PROMOTED))
    found = step(objective(3, SATISFIED, champion="v1"), versions=3, champion="v2", releases=releases)
    assert (states(found), found.promotions) == ({"v3": "candidate"}, ())
    assert found.releases[0].reasons == ("not judged against v2 yet",)


def test_a_newer_candidate_takes_the_place_of_one_that_waits() -> None:
    """v3 replaces v2, finally; only v3 is judged."""
    releases = (release(1, ReleaseState.PROMOTED), release(2, ReleaseState.WAITING))
    found = step(objective(2, SATISFIED), objective(3, UNKNOWN, Reason.IMPRECISE), versions=3, releases=releases)
    assert (states(found), found.promotions) == ({"v2": "replaced", "v3": "waiting"}, ())


@pytest.mark.parametrize(
    "state", [ReleaseState.REFUSED, ReleaseState.ROLLED_BACK, ReleaseState.RETIRED, ReleaseState.REPLACED]
)
def test_final_is_final(state: ReleaseState) -> None:
    """No evidence promotes a refused, rolled back, retired or replaced version again."""
    releases = (release(1, ReleaseState.PROMOTED), release(2, state))
    found = step(objective(2, SATISFIED), releases=releases)
    assert (found.releases, found.promotions) == ((), ())


def test_a_person_may_force() -> None:
    """A forced release of a refused version is promoted without evidence, recorded as forced, before any other."""
    forced = release(2, ReleaseState.CANDIDATE, number=2, forced=True, actor="person:ann", reasons=("a demo",))
    releases = (release(1, ReleaseState.PROMOTED), release(2, ReleaseState.REFUSED), forced)
    found = step(objective(3, SATISFIED), versions=3, releases=releases)
    (promotion,) = found.promotions
    assert (promotion.version, promotion.reason, promotion.evidence["forced"]) == ("v2", "a demo", True)
    assert (promotion.release.number, promotion.release.actor) == (2, "person:ann")


def test_the_last_forced_release_counts() -> None:
    """Of two versions forced at once the later one goes through, the other is replaced."""
    one = release(2, ReleaseState.CANDIDATE, number=2, forced=True, at=NOW - timedelta(hours=1))
    two = release(3, ReleaseState.CANDIDATE, number=2, forced=True)
    found = step(versions=3, releases=(release(1, ReleaseState.PROMOTED), one, two))
    assert ([p.version for p in found.promotions], states(found)) == (["v3"], {"v2": "replaced"})


def test_a_hold_keeps_promotions_back() -> None:
    """While a hold stands nothing is promoted, forced or not; the winner waits, and wins when it is lifted."""
    better = objective(2, SATISFIED)
    found = step(better, held=True)
    (waiting,) = found.releases
    assert (waiting.state, found.promotions) == (ReleaseState.WAITING, ())
    assert "a hold stands on demand" in waiting.reasons
    releases = (release(1, ReleaseState.PROMOTED), waiting)
    assert step(better, held=True, releases=releases).releases == ()
    (lifted,) = step(better, releases=releases).promotions
    assert (lifted.release.revision, lifted.release.samples) == (1, 1)
    forced = (release(1, ReleaseState.PROMOTED), release(2, ReleaseState.CANDIDATE, forced=True))
    assert step(held=True, releases=forced).promotions == ()


def test_releases_follow_the_alias() -> None:
    """A champion that was succeeded is retired, one that was rolled back is rolled back, a new one is promoted."""
    releases = (release(1, ReleaseState.PROMOTED), release(2, ReleaseState.PROMOTED))
    story = (move("v1", "promote", 1), move("v2", "promote", 2))
    assert states(step(champion="v2", releases=releases, moves=story)) == {"v1": "retired"}
    back = (*story, move("v1", "rollback", 3))
    assert states(step(champion="v1", releases=releases, moves=back)) == {"v2": "rolled_back"}
    adopted = step(champion="v1", releases=(release(1, ReleaseState.WAITING),), versions=1)
    assert states(adopted) == {"v1": "promoted"}
    found = advance(
        POLICY, releases=(), versions=[version(1)], champion="v1", verdicts=(), backtest=ASKED, held=False, at=NOW,
        wall=NOW,
    )  # fmt: skip
    assert [(r.version, r.state, r.revision) for r in found.releases] == [("v1", ReleaseState.PROMOTED, 0)]


def test_stages_that_need_traffic_wait() -> None:
    """A canary cannot be run yet: nothing is promoted past it, and the reason says so."""
    policy = replace(POLICY, stages=(Stage(name="backtest"), Stage(name="canary", amount=0.05), Stage(name="full")))
    found = step(objective(2, SATISFIED), policy=policy)
    assert found.promotions == ()
    assert "stage canary needs serving" in found.releases[0].reasons[0]


@pytest.mark.parametrize(("change", "word"), [({"first": "anything"}, "first"), ({"inconclusive": "maybe"}, "wait")])
def test_unknown_policies_are_errors(change: dict[str, str], word: str) -> None:
    """A policy word that is not known is an error with what is allowed, never a silent default."""
    with pytest.raises(ValueError, match=word):
        step(objective(2, SATISFIED), policy=replace(POLICY, **change))  # type: ignore[arg-type]


def test_other_models_are_none_of_its_business() -> None:
    """Versions and releases of another model are not looked at."""
    other = replace(version(9), model="coupons")
    found = advance(
        POLICY, releases=[replace(release(9, ReleaseState.WAITING), model="coupons")], versions=[other], champion=None,
        verdicts=(), backtest=ASKED, held=False, at=NOW, wall=NOW,
    )  # fmt: skip
    assert found == Advance()


def test_v10_is_newer_than_v9() -> None:
    """Of versions trained at one moment the higher number is the newer."""
    same = [replace(version(n), at=NOW) for n in (10, 9)]
    found = advance(
        POLICY, releases=[release(1, ReleaseState.PROMOTED)], versions=same, champion="v1", verdicts=(),
        backtest=ASKED, held=False, at=NOW, wall=NOW,
    )  # fmt: skip
    assert states(found) == {"v9": "replaced", "v10": "candidate"}


def test_the_promises_over_the_backtest() -> None:
    """Those of the released model that are read over the objective's asset; ``live`` reads another."""
    versus = Versus(baseline=Baseline.REFERENCE, name="weekday_mean", margin=Margin(kind=MarginKind.RELATIVE, value=0))
    fixed = Fixed(operator=Operator.GE, bound=0.9, text=">= 90 %")
    demand = Subject(
        id="demand", kind=SubjectKind.MODEL, model="demand", asset="retail/demand_model",
        promises=(
            Promise(id="useful", metric="model.wape", over="retail/backtest", must=versus),
            Promise(id="live", metric="model.wape", over="retail/scorecard", must=versus),
        ),
    )  # fmt: skip
    sales = Subject(
        id="sales", kind=SubjectKind.ASSET, asset="retail/sales_day",
        promises=(Promise(id="complete", metric="data.completeness", must=fixed),),
    )  # fmt: skip
    contract = Contract(
        name="c", version=1, owner="o", runbook="r", stakeholders=(), subjects=(sales, demand), release=POLICY
    )
    assert backtest_promises(contract) == {("demand", "useful")}
    assert backtest_promises(replace(contract, release=None)) == frozenset()
