"""Rules of what a person may ask about."""

import pytest

from qoa_platform.ledger import Store
from qoa_platform.lineage import UnknownSubject, batch_of, resolve
from qoa_platform.records import Batch, TrialState
from tests.lineage.story import BAD, DAY, FORECAST, SALES, Story, Write, publish, trial


def test_assets_partitions_models_and_ids_are_found(ledger: Store, story: Story) -> None:
    """Every spelling leads to its node."""
    sales = f"data:retail/sales_day|{DAY}|{SALES}"
    expected = {
        "retail/forecast": f"data:retail/forecast|all|{FORECAST}", "retail/sales_day": sales,
        f"retail/sales_day|{DAY}": sales, f" retail/sales_day {DAY} ": sales, "demand": "model:demand|v1",
        "demand|v1": "model:demand|v1", "demand v1": "model:demand|v1", story.rerun: f"reaction:{story.rerun}",
        story.episode: f"episode:{story.episode}", f"incident:{story.episode}": f"episode:{story.episode}",
        "t3": "trial:t3", story.verdict: f"verdict:{story.verdict}",
        f"data:retail/sales_day|{DAY}|{BAD}": f"data:retail/sales_day|{DAY}|{BAD}",
    }  # fmt: skip
    assert {text: resolve(ledger, text) for text in expected} == expected


def test_the_newest_partition_is_meant_by_a_bare_asset(ledger: Store, write: Write) -> None:
    """Newest by partition key, whatever was published last; a name that only begins alike is another asset."""
    digests = {"2017-10-05": "a" * 64, "2017-10-04": "b" * 64}
    write(Batch(moves=tuple(publish("retail/x", p, d) for p, d in digests.items())))
    write(Batch(moves=(publish("retail/x_other", "2018-01-01", "c" * 64),)))
    assert resolve(ledger, "retail/x") == f"data:retail/x|2017-10-05|{'a' * 64}"


def test_what_was_never_published_is_its_last_trial(ledger: Store, write: Write) -> None:
    """A blocked day can be asked about."""
    write(batch_of(trial("b1", "retail/raw_day", state=TrialState.BLOCKED, output=BAD)))
    write(batch_of(trial("b2", "retail/raw_day", state=TrialState.BLOCKED, output=BAD)))
    assert resolve(ledger, f"retail/raw_day|{DAY}") == "trial:b2"


def test_the_unknown_gets_the_nearest_guess(ledger: Store, story: Story) -> None:
    """The error shows what was asked, what is near, and what is allowed."""
    with pytest.raises(UnknownSubject, match=r"'retail/sale_day'.*Did you mean 'retail/sales_day'.*Allowed: asset"):
        resolve(ledger, "retail/sale_day")


def test_an_empty_ledger_says_so(ledger: Store) -> None:
    """Nothing known is said as such."""
    with pytest.raises(UnknownSubject, match="Known: nothing yet"):
        resolve(ledger, "demand")
