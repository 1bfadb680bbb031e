"""Owns the tests of the loop over the retail project itself: its real assets and contract, on synthetic days."""

from datetime import timedelta

from qoa_platform.orchestration.tags import VCPU_HOUR
from qoa_platform.records import ReactionKind, Release
from tests.host.retail_town import FIRST, TODAY, Town
from tests.host.shop import FAILURE, SUCCESS

DAY = TODAY.isoformat()
FEED = "feed:retail/raw_day"


def test_a_day_in_town(town: Town) -> None:
    """An ordinary day: every promise has its verdict, everything below is made, nothing reacts."""
    run = town.play(TODAY)
    assert run.status is SUCCESS
    town.settle()
    said = town.said(DAY)
    assert {k for k, v in said.items() if v != "satisfied"} <= {"quantity"}
    assert len(said) == 10
    assert town.world.episodes == ()
    assert {r.partition for r in town.trial("retail/department_sales").reads} >= {DAY, "2017-01-01"}
    frame = town.workspace.read_frame("retail/forecast", "all", town.published("retail/forecast") or "")
    assert frame["version"].unique().to_list() == ["v1"]
    assert frame["time"].n_unique() == 7


def test_a_bad_day_in_town(town: Town) -> None:
    """The feed sends half of it once: learnt history says so, the day is fetched again, what lies below catches up."""
    town.play(TODAY)
    town.settle()
    tomorrow = TODAY + timedelta(days=1)
    town.plant(FEED, "half_rows", tomorrow.isoformat(), seed=7)
    assert town.play(tomorrow).status is FAILURE
    assert town.said(tomorrow.isoformat())["volume"] == "violated"
    assert town.published("retail/sales_day", tomorrow.isoformat()) is None
    town.settle()
    assert town.lives(ReactionKind.RERUN) == [["requested", "applied"]]
    assert [str(e.closing) for e in town.world.episodes] == ["repaired"]
    assert town.published("retail/sales_day", tomorrow.isoformat()) is not None
    rerun = town.reactions(ReactionKind.RERUN)[0]
    for asset in ("retail/department_sales", "retail/forecast", "retail/scorecard"):
        assert town.trial(asset).cause == rerun.id


def test_a_lasting_change_in_town(town: Town) -> None:
    """Prices rise for good: published, for it is right; on the third day a challenger is trained and judged."""
    town.plant(FEED, "lasting_shift", since=DAY, times=None, params=(("columns", ("sales_value",)), ("factor", 1.8)))
    counts = []
    for number in range(4):
        town.play(TODAY + timedelta(days=number))
        town.settle()
        counts.append(len(town.world.versions))
    assert counts == [1, 1, 2, 2]
    assert len(town.workspace.published("retail/sales_day")) == (TODAY - FIRST).days + 4
    assert [str(v) for v in town.verdicts("steady")][-4:] == ["violated"] * 4
    assert town.lives(ReactionKind.RETRAIN) == [["requested", "applied"]]
    states = {r.version: str(r.state) for r in town.ledger.find(Release, series="demand")}
    assert states["v1"] == "promoted" or states["v2"] == "promoted"
    assert "v2" in states


def test_a_worse_model_in_town(town: Town) -> None:
    """The plain mean of 56 days is refused on paired evidence, with its departments; the champion stays."""
    town.train(recipe="mean_56")
    town.settle()
    release = next(r for r in town.world.releases if r.version == "v2")
    assert str(release.state) == "refused"
    assert any("worse than v1" in reason for reason in release.reasons)
    assert any("demand.useful[v2]: violated" in reason for reason in release.reasons)
    assert town.world.champion("demand") == "v1"


def test_a_dear_day_in_town(town: Town) -> None:
    """Computing is dear: the features come in a cheaper preset, which the next training learns from."""
    town.train(tags={VCPU_HOUR: "1000000"})
    town.settle()
    assert town.lives(ReactionKind.DEGRADE) == [["applied"]]
    town.run("retail/features")
    assert town.trial("retail/features").parameters == {"preset": "medium"}
    frame = town.workspace.read_frame("retail/features", "all", town.published("retail/features") or "")
    assert "lag_7" in frame.columns
    assert "discounted_7" not in frame.columns
