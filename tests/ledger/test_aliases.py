"""Promotion and rollback: atomic, forward only, never into a version known to be bad."""

from typing import Any

import pytest

from qoa_platform.ledger import (
    NothingToGoBackTo,
    Store,
    alias_key,
    champion,
    in_use,
    last_good,
    promote,
    rollback,
    version_key,
)  # fmt: skip
from qoa_platform.records import Alias, Batch, Committed, Outcome, PointerIs, PointerKind, Refused

WHO: dict[str, Any] = {"actor": "test", "reason": "because"}


@pytest.fixture
def model(ledger: Store, make: Any) -> Store:
    """A ledger with versions v1 … v4 of the model demand, none of them champion."""
    ledger.commit(Batch(records=tuple(make.version(f"v{i}") for i in range(1, 5))))
    return ledger


def crown(ledger: Store, make: Any, *versions: str) -> None:
    """Promote versions to champion, one after another."""
    for version in versions:
        head = champion(ledger, "demand")
        done = promote(ledger, "demand", version, expected=head.generation if head else 0, **WHO, **make.NOTED)
        assert isinstance(done, Committed), done


def names(ledger: Store) -> dict[str, str | None]:
    """Alias → version."""
    return {p.key.partition("|")[2]: p.value for p in ledger.pointers(PointerKind.ALIAS, "demand|")}


def test_a_promoted_challenger_is_challenger_no_more(model: Store, make: Any) -> None:
    """Both aliases move in one transaction, so that no reader sees a version in two places."""
    crown(model, make, "v1")
    promote(model, "demand", "v2", alias=Alias.CHALLENGER, expected=0, **WHO, **make.NOTED)
    before = model.seq()
    done = promote(model, "demand", "v2", expected=1, evidence={"gain": 0.1}, **WHO, **make.NOTED)
    assert isinstance(done, Committed)
    assert (names(model), done.seq) == ({"champion": "v2", "challenger": None}, before + 2)
    assert model.moves(PointerKind.ALIAS, alias_key("demand", Alias.CHAMPION))[-1].evidence == {"gain": 0.1}


def test_a_promotion_from_another_generation_is_refused(model: Store, make: Any) -> None:
    """The caller decides again on what it sees; never a blind retry."""
    crown(model, make, "v1", "v2")
    no = promote(model, "demand", "v3", expected=1, **WHO, **make.NOTED)
    assert isinstance(no, Refused)
    assert no.pointer is not None
    assert no.pointer.value == "v2"


def test_an_unknown_version_is_refused_with_the_known_ones(model: Store, make: Any) -> None:
    """An alias never names what was not recorded."""
    no = promote(model, "demand", "v9", expected=0, **WHO, **make.NOTED)
    assert no == Refused(reason="model demand has no version 'v9'. Known: v1, v2, v3, v4")


def test_a_hold_refuses_promotion_but_not_rollback(model: Store, make: Any) -> None:
    """Going back is the safe way, so it stays open."""
    crown(model, make, "v1", "v2")
    model.commit(Batch(moves=(make.move("model:demand", "audit", 0, kind=PointerKind.HOLD),)))
    no = promote(model, "demand", "v3", expected=2, **WHO, **make.NOTED)
    assert isinstance(no, Refused)
    assert no.reason == "model demand: a hold stands (audit)"
    assert isinstance(rollback(model, "demand", leaving="v2", **WHO, **make.NOTED), Committed)


def test_rollback_goes_forward_to_the_last_good_version(model: Store, make: Any) -> None:
    """Versions that were left are bad and passed over; generations grow; nothing is deleted."""
    crown(model, make, "v1", "v2", "v3")
    rollback(model, "demand", leaving="v3", **WHO, **make.NOTED)
    assert names(model)["champion"] == "v2"
    rollback(model, "demand", leaving="v2", **WHO, **make.NOTED)
    assert names(model)["champion"] == "v1"
    moves = model.moves(PointerKind.ALIAS, "demand|champion")
    assert [(m.generation, m.value, m.verb) for m in moves] == [
        (1, "v1", "promote"), (2, "v2", "promote"), (3, "v3", "promote"), (4, "v2", "rollback"), (5, "v1", "rollback"),
    ]  # fmt: skip
    assert {p.key for p in model.pointers(PointerKind.BAD_VERSION)} == {"demand|v2", "demand|v3"}
    with pytest.raises(NothingToGoBackTo, match=r"v1 is being left; v2 is bad \(because\); v3 is bad"):
        rollback(model, "demand", leaving="v1", **WHO, **make.NOTED)
    assert names(model)["champion"] == "v1"


def test_rollback_is_compare_and_set_on_the_version_left(model: Store, make: Any) -> None:
    """Who is no longer champion is not rolled back."""
    no = rollback(model, "demand", leaving="v1", **WHO, **make.NOTED)
    assert isinstance(no, Refused)
    crown(model, make, "v1", "v2")
    no = rollback(model, "demand", leaving="v1", **WHO, **make.NOTED)
    assert isinstance(no, Refused)
    assert no.reason == "model demand: v1 is no longer champion, it is v2"
    assert names(model)["champion"] == "v2"


def test_a_version_known_to_be_bad_needs_force(model: Store, make: Any) -> None:
    """A person may override, it stays marked, and no rollback goes into it."""
    crown(model, make, "v1", "v2")
    rollback(model, "demand", leaving="v2", **WHO, **make.NOTED)
    no = promote(model, "demand", "v2", expected=3, **WHO, **make.NOTED)
    assert isinstance(no, Refused)
    assert "version v2 is known to be bad (because)" in no.reason
    assert isinstance(promote(model, "demand", "v2", expected=3, forced=True, **WHO, **make.NOTED), Committed)
    crown(model, make, "v3")
    assert last_good(model, "demand", "v3") == "v1"


def test_the_same_reaction_promotes_and_rolls_back_once(model: Store, make: Any) -> None:
    """A repetition changes no alias and is not refused, even when the world moved on; its records are written."""
    crown(model, make, "v1")
    again = {"reaction": "P", "expected": 1, **WHO, **make.NOTED}
    assert isinstance(promote(model, "demand", "v2", **again), Committed)
    crown(model, make, "v3")
    model.commit(Batch(moves=(make.move("model:demand", "x", 0, kind=PointerKind.HOLD),)))
    repeated = promote(model, "demand", "v2", records=(make.outcome("P"),), **again)
    assert isinstance(repeated, Committed)
    assert (names(model)["champion"], len(model.find(Outcome, series="P"))) == ("v3", 1)
    back = {"leaving": "v3", "reaction": "B", **WHO, **make.NOTED}
    assert isinstance(rollback(model, "demand", **back), Committed)
    once_more = rollback(model, "demand", **back)
    assert isinstance(once_more, Committed)
    assert not once_more.changed
    assert names(model)["champion"] == "v2"


def test_extra_guards_and_records_go_into_the_same_transaction(model: Store, make: Any) -> None:
    """The outcome is written when the alias moves, and only then."""
    crown(model, make, "v1")
    stale = PointerIs(kind=PointerKind.CONTRACT, key="retail", generation=7)
    no = promote(model, "demand", "v2", expected=1, guards=(stale,), records=(make.outcome("P"),), **WHO, **make.NOTED)
    assert isinstance(no, Refused)
    assert (names(model)["champion"], model.find(Outcome)) == ("v1", [])


def test_retention_keeps_aliases_and_the_last_champions(model: Store, make: Any) -> None:
    """Kept are k distinct champions, newest first, and whatever an alias names."""
    crown(model, make, "v1", "v2", "v3", "v2")
    promote(model, "demand", "v4", alias=Alias.SHADOW, expected=0, **WHO, **make.NOTED)
    assert in_use(model, "demand", 1) == {"v2", "v4"}
    assert in_use(model, "demand", 2) == {"v2", "v3", "v4"}
    assert in_use(model, "other", 2) == frozenset()


def test_names_of_models_cannot_break_keys() -> None:
    """A bar or a path in a model's name is an error."""
    for name in ("a|b", "../x", "A", ""):
        with pytest.raises(ValueError, match="model name"):
            alias_key(name, Alias.CHAMPION)
        with pytest.raises(ValueError, match="model name"):
            version_key(name, "v1")
