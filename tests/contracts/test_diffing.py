"""Tests of the difference of contracts: complete, the same in both directions, and honest about what is stricter."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import difference, digest_of, read, read_text
from qoa_platform.contracts.diffing import Area, Kind
from qoa_platform.contracts.effects import Effect, effect_of_promise
from qoa_platform.records import Contract, Direction, Fixed, Operator, Promise, Reading, Unit, Window
from qoa_platform.verdicts import Context, judge
from tests.audit.desk import NOW

ROOT = Path(__file__).parents[2]
RETAIL = read(ROOT / "contracts" / "retail.yaml")
TEXT = (ROOT / "contracts" / "retail.yaml").read_text(encoding="utf-8")

EDITS = [
    ('must: ">= 99 %", severity: critical', 'must: ">= 95 %", severity: critical', Effect.LOOSENING),
    ('must: ">= 99 %", severity: critical', 'must: ">= 99.5 %", severity: critical', Effect.TIGHTENING),
    ('must: ">= 99 %", severity: critical', 'must: ">= 99 %"', Effect.LOOSENING),
    ('must: ">= 99 %", severity: critical', 'must: "between 98 and 99 %", severity: critical', Effect.MIXED),
    ('must: ">= 99 %", severity: critical', "must: usual, severity: critical", Effect.MIXED),
    ('must: "< 0.2", for: 3', 'must: "< 0.2"', Effect.TIGHTENING),
    ('must: "< 0.2", for: 3', 'must: "< 0.2", for: 3, mode: observe', Effect.LOOSENING),
    ("columns: [sales_value, quantity], reference", "columns: [quantity], reference", Effect.LOOSENING),
    ("columns: [basket_id, product_id, store_id]", "columns: [basket_id, product_id]", Effect.MIXED),
    ("by: department, min_n: 100", "by: department, min_n: 50", Effect.TIGHTENING),
    ("by: department, min_n: 100", "min_n: 100", Effect.LOOSENING),
    ("margin: 25 %", "margin: 20 %", Effect.TIGHTENING),
    ('28 partitions, must: "<= 0.1 %"', '7 partitions, must: "<= 0.1 %"', Effect.MIXED),
    ("delay: 6 h", "delay: 8 h", Effect.LOOSENING),
    ("expected: daily", 'expected: "0 3 * * *"', Effect.MIXED),
    ("segments: [department]", "segments: [product_category]", Effect.NEUTRAL),
    ('missing: {product_category: [""]}', 'missing: {product_category: ["?"]}', Effect.MIXED),
    ("owner: demand-planning", "owner: somebody", Effect.NEUTRAL),
    ("attempts: 3", "attempts: 4", Effect.NEUTRAL),
    ("keep: 2", "keep: 3", Effect.NEUTRAL),
    ('must: ">= 99 %", severity: critical', 'must: ">= 99 %", severity: critical, set_aside: 1 %', Effect.MIXED),
    ("delay: 6 h", "delay: 6 h\n    set_aside: 1 %", Effect.MIXED),
    ("delay: 6 h", "delay: 6 h\n    sensitive: [store_id]", Effect.LOOSENING),
]  # fmt: skip


def edited(old: str, new: str) -> Contract:
    """The retail contract with one thing written otherwise."""
    assert old in TEXT, old
    return read_text(
        TEXT.replace(old, new, 1), resolve=lambda ref: next(s.schema for s in RETAIL.subjects if s.schema is not None)
    )


@pytest.mark.parametrize(("old", "new", "effect"), EDITS)
def test_one_edit_is_one_change_with_its_effect(old: str, new: str, effect: Effect) -> None:
    """What was written otherwise is found, in words, with what it does; the way back does the opposite."""
    changed = edited(old, new)
    (change,) = difference(RETAIL, changed).changes
    assert change.effect is effect
    assert change.old != change.new
    (back,) = difference(changed, RETAIL).changes
    assert (back.effect, back.old, back.new) == (effect.reversed, change.new, change.old)


def test_spelling_and_order_are_no_change() -> None:
    """Comments, units and order that the digest leaves out are no difference; neither is the version by itself."""
    same = edited('must: "<= 26 h"', 'must: "<= 1560 min"')
    assert (same.digest, difference(RETAIL, same).changes) == (RETAIL.digest, ())
    risen = edited("version: 1", "version: 2")
    assert not difference(RETAIL, risen).must_rise
    assert difference(RETAIL, risen).changes == ()


@given(st.sets(st.integers(0, len(EDITS) - 1), max_size=5), st.sets(st.integers(0, 8), max_size=3))
def test_no_change_is_the_same_digest(edits: set[int], dropped: set[int]) -> None:
    """Law: there is a change exactly when the content differs, whatever was edited and whichever promises dropped."""
    text = TEXT
    for number in sorted(edits):
        old, new, _ = EDITS[number]
        text = text.replace(old, new, 1)
    changed = read_text(text, resolve=lambda ref: next(s.schema for s in RETAIL.subjects if s.schema is not None))
    sales = changed.subjects[0]
    kept = tuple(p for n, p in enumerate(sales.promises) if n not in dropped)
    changed = replace(changed, subjects=(replace(sales, promises=kept), *changed.subjects[1:]))
    changed = replace(changed, digest=digest_of(changed))
    found, back = difference(RETAIL, changed), difference(changed, RETAIL)
    assert bool(found.changes) == (changed.digest != RETAIL.digest) == found.must_rise
    assert len([c for c in found.changes if c.kind is Kind.REMOVED and c.area is Area.PROMISE]) == len(dropped)
    assert sorted((c.path, c.field or "", c.effect.reversed) for c in found.changes) == sorted(
        (c.path, c.field or "", c.effect) for c in back.changes
    )


def test_subjects_and_promises_come_and_go_in_words() -> None:
    """A subject that is gone is said with each of its promises; a promise that is added says what it demands."""
    fewer = replace(RETAIL, subjects=RETAIL.subjects[:1])
    found = difference(RETAIL, fewer).changes
    assert [str(c).split(":")[0] for c in found][:2] == ["- subject demand", "- promise demand.useful"]
    assert {c.effect for c in found if c.area is Area.PROMISE} == {Effect.LOOSENING}
    added = difference(fewer, RETAIL).changes[-1]
    assert str(added) == "+ promise training.too_slow: resource.elapsed is at most 5 min"


BOUNDS = st.builds(
    lambda operator, a, b: Fixed(operator=operator, bound=min(a, b), upper=max(a, b), text="x"),
    st.sampled_from([o for o in Operator if o is not Operator.NE]), st.integers(0, 4), st.integers(0, 4),
)  # fmt: skip
CONTEXT = Context(
    contract="c", contract_version=1, contract_digest="d", subject="s", at=NOW, wall=NOW,
    window=Window.of_day(NOW.date()),
)  # fmt: skip


def kept(promise: Promise, value: float) -> bool:
    """Whether the judge says that *value* keeps the promise."""
    reading = Reading(value=value, n=1)
    return judge(promise, context=CONTEXT, reading=reading, unit=Unit.ONE, direction=Direction.TARGET).satisfied


@given(BOUNDS, BOUNDS)
def test_stricter_is_what_the_judge_finds_stricter(old: Fixed, new: Fixed) -> None:
    """Oracle: over a grid of values the judge accepts fewer after a tightening, more after a loosening, never else."""
    one, two = Promise(id="p", metric="m", must=old), Promise(id="p", metric="m", must=new)
    grid = [n / 4 for n in range(-4, 24)]
    before, after = {v for v in grid if kept(one, v)}, {v for v in grid if kept(two, v)}
    expected = (
        Effect.NEUTRAL if before == after else Effect.TIGHTENING if after < before
        else Effect.LOOSENING if before < after else Effect.MIXED
    )  # fmt: skip
    assert effect_of_promise("must", one, two, per_column=True) is expected


def test_what_is_measured_is_mixed_when_it_changes() -> None:
    """A key that nobody thought of is mixed, never silently neutral: only those that say how strict it is are known."""
    one = Promise(id="p", metric="m", must=RETAIL.subjects[0].promises[0].must)
    strict = {
        "must", "severity", "mode", "block_on_unknown", "min_n", "clear_after", "streak", "by", "columns",
        "unusual_intent",
    }  # fmt: skip
    others = {field.name for field in fields(Promise)} - strict
    assert {effect_of_promise(name, one, one, per_column=True) for name in others} == {Effect.MIXED}
