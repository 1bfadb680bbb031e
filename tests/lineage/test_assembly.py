"""Rules of trial assembly."""

from datetime import timedelta

import pytest

from qoa_platform.ledger import Store
from qoa_platform.lineage import batch_of, data_node, edges_of, finish, model_node, reaction_node, trial_node
from qoa_platform.records import Committed, Edge, Read, Trial, TrialState, Usage
from tests.lineage.story import DAY, GOOD, NOON, SALES, trial


def test_the_edges_of_a_trial_follow_the_five_rules() -> None:
    """Digest → trial, trial → digest, verdict → trial, reaction → trial, trial → model version."""
    read = Read(asset="retail/raw_day", partition=DAY, digest=GOOD)
    whole = trial(
        "t", "retail/sales_day", output=SALES, reads=(read, read), verdicts=("v",), cause="r", model="m", version="v1"
    )
    node = trial_node("t")
    assert edges_of(whole) == (
        Edge(source=data_node("retail/raw_day", DAY, GOOD), destination=node, kind="read"),
        Edge(source=node, destination=data_node("retail/sales_day", DAY, SALES), kind="wrote"),
        Edge(source="verdict:v", destination=node, kind="judged"),
        Edge(source=reaction_node("r"), destination=node, kind="caused"),
        Edge(source=node, destination=model_node("m", "v1"), kind="trained"),
    )


def test_a_trial_that_wrote_nothing_draws_no_edge() -> None:
    """A failed trial without inputs has no edges, and is kept all the same."""
    failed = trial("t", "retail/raw_day", state=TrialState.FAILED, error="boom")
    assert edges_of(failed) == ()
    assert batch_of(failed).records == (failed,)


def test_a_trial_finishes_once() -> None:
    """Finishing is the next revision and keeps what was known; a second time is an error that names the state."""
    started = trial("t", "retail/raw_day", state=TrialState.STARTED, usage=None, verdicts=("a",))
    later = NOON + timedelta(minutes=1)
    done = finish(
        started, state=TrialState.PUBLISHED, ended=later, wall=later, output=GOOD, usage=Usage(seconds=60), rows=0,
        verdicts=("b",),
    )  # fmt: skip
    assert (done.revision, done.at, done.ended, done.rows) == (1, NOON, later, 0)
    assert done.verdicts == ("a", "b")
    with pytest.raises(ValueError, match="has ended already: published"):
        finish(done, state=TrialState.FAILED, ended=later, wall=later)


def test_writing_a_trial_twice_changes_nothing(ledger: Store) -> None:
    """A batch that is repeated after a crash is a no-op, edges too."""
    whole = trial("t", "retail/sales_day", output=SALES, cause="r")
    first, second = ledger.commit(batch_of(whole)), ledger.commit(batch_of(whole))
    assert isinstance(first, Committed)
    assert isinstance(second, Committed)
    assert not second.changed
    assert len(ledger.edges()) == 2
    assert ledger.find(Trial) == [whole]
