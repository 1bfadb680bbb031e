"""Owns the tests of judging runs: finished ones once, active ones provisionally, imports and strangers never."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qoa_platform.audit import run_batches
from qoa_platform.ledger import Store
from qoa_platform.records import Measurement, RunState, RunView, Verdict
from tests.audit.desk import NOW, Desk, said

TRAINING = """\
  training:
    run: [shop/features, shop/model]
    promises:
      - {id: price, metric: cost.usd, must: "<= 1 USD"}
      - {id: slow, metric: resource.elapsed, must: "<= 60 s"}
      - {id: too_slow, metric: resource.elapsed, must: "<= 5 min", severity: critical}
"""


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """A contract that binds training runs."""
    return Desk.of(ledger, TRAINING)


def judged(desk: Desk, *runs: RunView) -> list[Verdict]:
    """What is judged now; it is written."""
    found: list[Verdict] = []
    for batch in run_batches(desk.ledger, [desk.contract], runs, desk.clock):
        desk.write(batch)
        found += [r for r in batch.records if isinstance(r, Verdict)]
    return found


def active(run: str, ago: float, *assets: str) -> RunView:
    """A run that began *ago* seconds before now."""
    return RunView(id=run, state=RunState.RUNNING, assets=assets, started=NOW - timedelta(seconds=ago))


def test_the_steps_of_a_run_are_summed(desk: Desk) -> None:
    """Elapsed seconds and dollars of both steps together; nothing gates; the verdicts name their run."""
    desk.trial("r1", "shop/features", 40.0, 0.3)
    desk.trial("r1", "shop/model", 30.0, 0.4)
    found = judged(desk)
    assert said(found) == {"training.price": "satisfied", "training.slow": "violated", "training.too_slow": "satisfied"}
    values = {v.key.promise: v.value for v in found}
    assert values == {"price": pytest.approx(0.7), "slow": 70.0, "too_slow": 70.0}
    assert {(v.evidence["run"], v.blocks, v.provisional) for v in found} == {("r1", False, False)}


def test_the_window_is_start_to_end(desk: Desk) -> None:
    """A run subject's window is when the run began and ended."""
    desk.trial("r1", "shop/features", 40.0)
    desk.clock.now = NOW + timedelta(seconds=40)
    desk.trial("r1", "shop/model", 30.0)
    window = judged(desk)[0].window
    assert (window.start, window.end) == (NOW, NOW + timedelta(seconds=70))


def test_a_run_is_judged_once(desk: Desk) -> None:
    """Looking again writes nothing."""
    desk.trial("r1", "shop/features", 40.0)
    desk.trial("r1", "shop/model", 30.0)
    assert len(judged(desk)) == 3
    assert judged(desk) == []


def test_each_run_is_judged_by_itself(desk: Desk) -> None:
    """Two runs have verdicts and measurements of their own; the cheap one does not vouch for the dear one."""
    for run, usd in (("r1", 0.1), ("r2", 5.0)):
        desk.trial(run, "shop/features", 1.0, usd)
        desk.trial(run, "shop/model", 1.0, usd)
    prices = {v.evidence["run"]: str(v) for v in judged(desk) if v.key.promise == "price"}
    assert prices == {"r1": "satisfied", "r2": "violated"}
    assert sorted((m.trial, m.metric) for m in desk.ledger.find(Measurement)) == [
        (run, metric) for run in ("r1", "r2") for metric in ("cost.usd", "resource.elapsed")
    ]


def test_half_a_run_is_not_judged_as_finished(desk: Desk) -> None:
    """A run that made only one of its assets is no run of this subject."""
    desk.trial("r1", "shop/model", 1000.0)
    assert judged(desk) == []


def test_other_assets_are_strangers(desk: Desk) -> None:
    """What the subject does not name is neither summed nor judged."""
    desk.trial("r1", "shop/features", 10.0)
    desk.trial("r1", "shop/model", 10.0)
    desk.trial("r1", "shop/backtest", 1000.0)
    assert {v.value for v in judged(desk) if v.key.promise == "slow"} == {20.0}


def test_imports_are_not_judged(desk: Desk) -> None:
    """History does not react, so its runs are not judged."""
    for asset in ("shop/features", "shop/model"):
        desk.trial("r1", asset, 1000.0, imported=True)
    assert judged(desk) == []


def test_a_run_in_progress_is_judged_provisionally(desk: Desk) -> None:
    """Beyond its bound a run is violated while it runs: provisional, without a trial, in a window of no length."""
    found = judged(desk, active("r1", 301, "shop/features", "shop/model"))
    assert said(found) == {"training.slow": "violated", "training.too_slow": "violated"}
    assert {(v.provisional, v.trial, v.evidence["run"]) for v in found} == {(True, None, "r1")}
    assert {v.window.end - v.window.start for v in found} == {timedelta(0)}
    assert {v.value for v in found} == {301.0}


def test_a_run_that_is_well_within_says_nothing(desk: Desk) -> None:
    """A provisional verdict is only ever a violation: nothing is satisfied before it is over."""
    assert judged(desk, active("r1", 59, "shop/features", "shop/model")) == []


def test_a_run_in_progress_is_told_once(desk: Desk) -> None:
    """While it runs on nothing more is written about a promise that is violated already; a second promise still is."""
    run = active("r1", 100, "shop/model")
    assert [v.key.promise for v in judged(desk, run)] == ["slow"]
    assert judged(desk, run) == []
    desk.clock.now = NOW + timedelta(seconds=250)
    assert [v.key.promise for v in judged(desk, run)] == ["too_slow"]
    assert judged(desk, run) == []


def test_steps_that_are_over_count_in_progress_too(desk: Desk) -> None:
    """What the first step used, and the time since, are one sum: no second is counted twice."""
    desk.trial("r1", "shop/features", 40.0)
    found = judged(desk, active("r1", 65, "shop/features", "shop/model"))
    assert {v.key.promise: v.value for v in found} == {"slow": 65.0}


def test_another_run_in_progress_is_told_too(desk: Desk) -> None:
    """The second slow run has a violation of its own."""
    judged(desk, active("r1", 100, "shop/model"))
    found = judged(desk, active("r1", 100, "shop/model"), active("r2", 90, "shop/model"))
    assert [v.evidence["run"] for v in found] == ["r2"]


def test_runs_of_other_assets_are_left_alone(desk: Desk) -> None:
    """A run of what the subject does not name is never judged, however long it takes; nor is one without a start."""
    queued = RunView(id="r2", state=RunState.QUEUED, assets=("shop/model",))
    assert judged(desk, active("r1", 9999, "shop/raw"), queued) == []


def test_a_run_that_ended_in_time_after_all(desk: Desk) -> None:
    """A run that was provisionally slow is judged for good when it is over: by what it took in the end."""
    judged(desk, active("r1", 100, "shop/features", "shop/model"))
    desk.trial("r1", "shop/features", 60.0)
    desk.trial("r1", "shop/model", 60.0)
    found = judged(desk)
    assert said(found) == {"training.price": "satisfied", "training.slow": "violated", "training.too_slow": "satisfied"}
    assert {v.provisional for v in found} == {False}


def test_without_run_subjects_nothing_is_judged(ledger: Store) -> None:
    """A contract that binds no run has nothing to say about one."""
    volume = (
        '  sales:\n    asset: shop/model\n    promises:\n      - {id: few, metric: data.row_count, must: ">= 1 rows"}\n'
    )
    desk = Desk.of(ledger, volume)
    desk.trial("r1", "shop/model", 1.0)
    assert judged(desk, active("r1", 9999, "shop/model")) == []


def test_a_promise_without_a_metric_of_runs_fails_alone(desk: Desk) -> None:
    """A promise that no metric of runs can be built from is unknown(error), once; the others are judged."""
    training = desk.contract.subjects[0]
    odd = replace(training.promises[0], id="odd", metric="data.row_count")
    wrong = replace(training.promises[0], id="wrong", params=(("colour", "red"),))
    subject = replace(training, promises=(*training.promises, odd, wrong))
    desk.contract = replace(desk.contract, subjects=(subject,))
    desk.trial("r1", "shop/features", 40.0, 0.3)
    desk.trial("r1", "shop/model", 30.0, 0.4)
    found = judged(desk)
    assert said(found)["training.odd"] == said(found)["training.wrong"] == "unknown(error)"
    assert said(found)["training.slow"] == "violated"
    causes = {v.key.promise: str(v.cause) for v in found}
    assert "data.row_count is read off a frame" in causes["odd"]
    assert "takes no parameter 'colour'" in causes["wrong"]
    assert judged(desk) == []
