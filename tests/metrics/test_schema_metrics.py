"""Categories: values that the reference did not know."""

import pytest

from qoa_platform.metrics import MetricError
from qoa_platform.records import ColumnProfile, Profile, Reading, Reason, Reference, ReferenceKind
from qoa_platform.states import Frequencies, Grouped
from tests.metrics.making import categories, one, profile

KNOWN = profile(categories("c", a=5, b=5), categories("c", "g1", a=5))
STATE = Frequencies.count(["a", "a", "B", "b ", None, "z", "z"])


def test_unseen_values_are_those_of_other_spelling_too() -> None:
    """A value is known by its exact text; missing values are neither known nor unseen."""
    assert one("data.unseen_share", "c").read(STATE, KNOWN) == Reading(value=4 / 6, n=6)
    assert one("data.unseen_count", "c").read(STATE, KNOWN) == Reading(value=3, n=6)


def test_groups_have_their_own_dictionaries() -> None:
    """What another group sells is unseen here; a group that was never frozen has no reference."""
    state = Grouped(STATE, (("g1", Frequencies.count(["a", "b"])), ("g2", Frequencies.count(["a"]))))
    metric = one("data.unseen_share", "c", by="g")
    assert metric.read(state, KNOWN, "g1") == Reading(value=0.5, n=2)
    assert metric.read(state, KNOWN, "g2").reason is Reason.NO_REFERENCE


def test_nothing_is_no_share_but_a_count() -> None:
    """No present value: the share has no data, the count is 0."""
    assert one("data.unseen_share", "c").read(Frequencies(missing=3), KNOWN) == Reading.unknown(Reason.NO_DATA)
    assert one("data.unseen_count", "c").read(Frequencies(missing=3), KNOWN) == Reading(value=0, n=0)


@pytest.mark.parametrize("metric", ["data.unseen_share", "data.unseen_count"])
@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (None, Reason.NO_REFERENCE),
        (profile(), Reason.NO_REFERENCE),
        (profile(ColumnProfile(column="c", n=5, missing=0)), Reason.NO_REFERENCE),
        (profile(ColumnProfile(column="c", n=5, missing=0, overflow=True)), Reason.NOT_APPLICABLE),
    ],
)
def test_without_a_dictionary_nothing_is_unseen(metric: str, reference: Profile | None, reason: Reason) -> None:
    """No dictionary is no reference, one over its cap is not applicable: neither is 0."""
    assert one(metric, "c").read(STATE, reference).reason is reason


def test_over_the_cap_the_share_is_bounded_and_the_count_unknown() -> None:
    """Dropped counts may have been of known values: the true share lies within the bound below, and n stays exact."""
    rows = ["a"] * 6 + ["b"] * 2 + ["v", "w", "x", "y"]
    state = Frequencies.count(rows, cap=2)
    reading = one("data.unseen_share", "c").read(state, KNOWN)
    assert state.error > 0
    assert reading.n == 12
    assert [reading.value, reading.bound] == pytest.approx([6 / 12, 2 / 12])
    assert one("data.unseen_count", "c").read(state, KNOWN).reason is Reason.NOT_APPLICABLE


def test_a_filter_and_a_frozen_reference_do_not_go_together() -> None:
    """A promise's ``where`` would compare some rows with all of the reference's: refused, unless both are filtered."""
    training = Reference(kind=ReferenceKind.TRAINING)
    moving = Reference(kind=ReferenceKind.LAST_PARTITIONS, count=28)
    with pytest.raises(MetricError, match="where leaves out rows that the frozen reference holds"):
        one("data.unseen_share", "c", where="col('x') > 0", reference=training)
    assert dict(one("data.unseen_share", "c", where="col('x') > 0", reference=moving).params)["where"] == "col('x') > 0"
    assert one("data.mean", "c", where="col('x') > 0", reference=training).id == "data.mean"


def test_the_ask_is_the_same_with_every_reference() -> None:
    """A moving reference is merged from the very states that the metric reads."""
    assert one("data.unseen_share", "c").ask(None) == one("data.unseen_count", "c").ask(KNOWN)
