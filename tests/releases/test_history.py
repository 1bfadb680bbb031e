"""Tests of releases.history: terms of champions and the way back, read off the alias moves."""

from datetime import UTC, datetime, timedelta

from qoa_platform.records import Move, PointerKind
from qoa_platform.releases import champion_at, good_versions, last_good, terms, to_keep

START = datetime(2017, 10, 1, tzinfo=UTC)


def moves(*steps: tuple[str, str | None]) -> list[Move]:
    """A move a day of the champion alias: (verb, version)."""
    made: list[Move] = []
    for i, (verb, version) in enumerate(steps):
        moment = START + timedelta(days=i)
        made.append(
            Move(
                kind=PointerKind.ALIAS, key="demand|champion", value=version, expected=i, verb=verb, actor="qoa",
                reason=f"r{i}", at=moment, wall=moment, generation=i + 1,
            )
        )  # fmt: skip
    return made


STORY = moves(("promote", "v1"), ("promote", "v5"), ("promote", "v6"), ("rollback", "v5"))


def test_the_story_of_the_demo() -> None:
    """v1 first, v5 promoted, v6 forced, v5 by rollback: four terms, the last one open."""
    told = terms(STORY, "demand")
    assert [(t.version, t.verb, t.ended) for t in told] == [
        ("v1", "promote", "promote"), ("v5", "promote", "promote"), ("v6", "promote", "rollback"),
        ("v5", "rollback", None),
    ]  # fmt: skip
    assert [t.until for t in told] == [START + timedelta(days=d) for d in (1, 2, 3)] + [None]


def test_order_and_other_pointers_do_not_matter() -> None:
    """Moves may come in any order, among moves of other aliases and models."""
    other = [
        Move(
            kind=kind, key=key, value="x", expected=0, verb="v", actor="a", reason="r", at=START, wall=START,
            generation=9,
        )
        for kind, key in (
            (PointerKind.ALIAS, "demand|shadow"), (PointerKind.ALIAS, "other|champion"),
            (PointerKind.PRESET, "demand|champion"),
        )
    ]  # fmt: skip
    assert terms([*other, *reversed(STORY)], "demand") == terms(STORY, "demand")


def test_who_was_champion_when() -> None:
    """A term holds its first moment and not its last; before the first there was nobody."""
    assert champion_at(STORY, "demand", START - timedelta(seconds=1)) is None
    assert champion_at(STORY, "demand", START) == "v1"
    assert champion_at(STORY, "demand", START + timedelta(days=2)) == "v6"
    assert champion_at(STORY, "demand", START + timedelta(days=99)) == "v5"


def test_back_to_the_last_good_one() -> None:
    """From v6 back to v5; from v5 then to v1, never into v6 again; from a first champion to nobody."""
    assert last_good(STORY[:3], "demand") == "v5"
    assert last_good(STORY, "demand") == "v1"
    assert last_good(STORY[:1], "demand") is None
    assert last_good([], "demand") is None


def test_never_into_a_bad_version() -> None:
    """What is marked bad, or was left by a rollback and forced back since, is not gone back to."""
    assert last_good(STORY[:3], "demand", bad={"v5"}) == "v1"
    again = moves(
        ("promote", "v1"), ("promote", "v2"), ("rollback", "v1"), ("force", "v2"), ("promote", "v3")
    )  # fmt: skip
    assert good_versions(again, "demand") == ("v1",)


def test_an_alias_that_was_unset_has_no_champion() -> None:
    """A term ends when the alias is unset; its version may be gone back to."""
    gone = moves(("promote", "v1"), ("unset", None))
    assert champion_at(gone, "demand", START + timedelta(days=5)) is None
    assert last_good(gone, "demand") == "v1"


def test_a_move_to_the_same_version_is_no_new_term() -> None:
    """Repeating a move changes nothing in the history."""
    assert len(terms(moves(("promote", "v1"), ("promote", "v1")), "demand")) == 1


def test_what_stays_loadable() -> None:
    """The champion and as many good ones before it as the policy keeps."""
    story = moves(("promote", "v1"), ("promote", "v2"), ("promote", "v3"), ("promote", "v4"))
    assert to_keep(story, "demand", keep=2) == ("v4", "v3", "v2")
    assert to_keep(story, "demand", keep=2, bad={"v3"}) == ("v4", "v2", "v1")
    assert to_keep([], "demand", keep=2) == ()
