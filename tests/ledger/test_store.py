"""The ledger's semantics, one suite over both stores."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from qoa_platform.ledger import LedgerError, Store
from qoa_platform.ledger.codec import encode
from qoa_platform.records import (
    Alert,
    Batch,
    Committed,
    Edge,
    ModelVersion,
    Outcome,
    OutcomeState,
    PointerIs,
    PointerKind,
    Refused,
    RevisionIs,
    Trial,
    Verdict,
    Window,
)  # fmt: skip

ALIAS = PointerKind.ALIAS


def committed(result: Committed | Refused) -> Committed:
    """*result*, which must not be a refusal."""
    assert isinstance(result, Committed), result
    return result


def refused(result: Committed | Refused) -> Refused:
    """*result*, which must be a refusal."""
    assert isinstance(result, Refused), result
    return result


def test_a_fresh_ledger_is_empty_and_at_position_0(ledger: Store) -> None:
    """Nothing written: nothing found, nothing raised."""
    assert (ledger.seq(), ledger.last(Outcome, "x"), ledger.find(Outcome), ledger.pointer(ALIAS, "x")) == (
        0,
        None,
        [],
        None,
    )
    assert (ledger.pointers(ALIAS), ledger.moves(ALIAS), ledger.edges(), ledger.outbox("log")) == ([], [], [], [])
    assert ledger.verify() == []


def test_every_kind_is_read_back_as_it_was_written(reopen: Callable[[], Store], make: Any) -> None:
    """Another connection reads equal records: NaN, infinities, tuples, times before 1970 and unions included."""
    records = make.every_kind()
    committed(reopen().commit(Batch(records=records)))
    reader = reopen()
    for record in records:
        found = reader.last(type(record), record.id)
        assert found is not None
        assert type(found) is type(record)
        assert encode(found) == encode(record)
        assert [encode(r) for r in reader.find(type(record), series=record.series)] == [encode(record)]
    assert reader.verify() == []


def test_committing_equal_records_again_changes_nothing(ledger: Store, make: Any) -> None:
    """Idempotent: the position stays, whenever the fact was noted (NaN equals itself here)."""
    records = make.every_kind()
    first = committed(ledger.commit(Batch(records=records)))
    assert (first.changed, first.seq) == (True, len(records))
    again = committed(ledger.commit(Batch(records=records)))
    assert (again.changed, again.seq, ledger.seq()) == (False, first.seq, first.seq)
    later = {"at": make.T + timedelta(days=1), "wall": make.T + timedelta(days=1)}
    ledger.commit(Batch(records=(make.outcome("r"),)))
    assert not committed(ledger.commit(Batch(records=(make.outcome("r", **later),)))).changed
    assert [o.wall for o in ledger.find(Outcome, series="r")] == [make.T]


def test_other_content_under_the_same_id_refuses_the_whole_batch(ledger: Store, make: Any) -> None:
    """All or nothing: records, moves, edges and messages of a refused batch leave no trace."""
    ledger.commit(Batch(records=(make.outcome("r"),)))
    other = make.outcome("r", state=OutcomeState.FAILED)
    batch = Batch(
        records=(make.outcome("q"), other), moves=(make.move("m|champion", "v1", 0),), messages=(make.message("k"),),
        edges=(Edge(source="a", destination="b", kind="read"),),
    )  # fmt: skip
    reason = refused(ledger.commit(batch)).reason
    assert reason == f"outcome {other.id} revision 0 stands there with other content"
    assert (ledger.seq(), ledger.find(Outcome, series="q")) == (1, [])
    assert (ledger.pointers(ALIAS), ledger.moves(ALIAS), ledger.edges(), ledger.outbox("log")) == ([], [], [], [])


def test_find_gives_the_latest_revision_in_the_order_written(ledger: Store, make: Any) -> None:
    """Of each id the latest revision, or all; newest first; limited; only what came after a position."""
    for reaction, revision in (("a", 0), ("b", 0), ("a", 1), ("c", 0)):
        ledger.commit(Batch(records=(make.outcome(reaction, revision),)))

    def shown(**wanted: Any) -> list[tuple[str, int]]:
        return [(o.reaction, o.revision) for o in ledger.find(Outcome, **wanted)]

    assert shown() == [("b", 0), ("a", 1), ("c", 0)]
    assert shown(all_revisions=True) == [("a", 0), ("b", 0), ("a", 1), ("c", 0)]
    assert shown(newest_first=True, limit=2) == [("c", 0), ("a", 1)]
    assert shown(since_seq=2) == [("a", 1), ("c", 0)]
    assert shown(since_seq=2, series=["a", "b"]) == [("a", 1)]
    assert shown(series="a") == [("a", 1)]
    assert shown(series=["a", "c", "nobody"]) == [("a", 1), ("c", 0)]
    assert shown(series=[]) == []
    assert shown(ids=[make.outcome("b").id, make.outcome("c").id], newest_first=True) == [("c", 0), ("b", 0)]
    last = ledger.last(Outcome, make.outcome("a").id)
    assert last is not None
    assert last.revision == 1


def test_ends_after_keeps_later_windows_and_records_without_one(ledger: Store, make: Any) -> None:
    """A window must end strictly later; what has no window never drops out."""
    days = ("2017-10-03", "2017-10-04", "2017-10-05")
    ledger.commit(Batch(records=(*(make.verdict(d) for d in days), make.outcome("r"), make.every_kind()[9])))
    end = Window.of_partition("2017-10-04").end
    assert [v.window.partition for v in ledger.find(Verdict, ends_after=end)] == ["2017-10-05"]
    assert [v.window.partition for v in ledger.find(Verdict, ends_after=end - timedelta(microseconds=1))] == list(
        days[1:]
    )
    assert len(ledger.find(Outcome, ends_after=end)) == 1
    assert ledger.find(Trial, ends_after=end) == []


def test_a_pointer_moves_only_from_the_expected_generation(ledger: Store, make: Any) -> None:
    """Compare-and-set: generations count from 1, and a refusal says what stands there."""
    first = committed(ledger.commit(Batch(moves=(make.move("m|champion", "v1", 0),))))
    assert [(p.value, p.generation) for p in first.pointers] == [("v1", 1)]
    no = refused(ledger.commit(Batch(moves=(make.move("m|champion", "v2", 0),))))
    assert no.reason == "pointer alias m|champion: it stands at generation 1 ('v1'), expected that it was never set"
    assert no.pointer == first.pointers[0] == ledger.pointer(ALIAS, "m|champion")
    assert (
        "it was never set, expected generation 3"
        in refused(ledger.commit(Batch(moves=(make.move("x", "v", 3),)))).reason
    )
    ledger.commit(Batch(moves=(make.move("m|champion", None, 1),)))
    unset = ledger.pointer(ALIAS, "m|champion")
    assert unset is not None
    assert (unset.value, unset.generation) == (None, 2)


def test_a_move_of_a_reaction_that_moved_already_is_done(ledger: Store, make: Any) -> None:
    """Exactly once per (kind, key, reaction), with a stale or a fresh expectation; the rest of the batch is written."""
    ledger.commit(Batch(moves=(make.move("m|champion", "v1", 0, reaction="R"),)))
    for expected in (0, 1):
        batch = Batch(moves=(make.move("m|champion", "v9", expected, reaction="R"),), records=(make.outcome("R"),))
        done = committed(ledger.commit(batch))
        assert [(p.value, p.generation) for p in done.pointers] == [("v1", 1)]
    assert [m.value for m in ledger.moves(ALIAS, "m|champion")] == ["v1"]
    assert len(ledger.find(Outcome, series="R")) == 1
    assert committed(ledger.commit(Batch(moves=(make.move("n|champion", "v1", 0, reaction="R"),)))).changed


def test_moves_are_kept_for_ever_with_their_evidence(ledger: Store, make: Any) -> None:
    """The history says previous value, generation and evidence, since a position, oldest first."""
    evidence = {"verdicts": ["a", "b"], "ü": {"x": None}}
    ledger.commit(Batch(moves=(make.move("m|champion", "v1", 0, evidence=evidence), make.move("m|shadow", "v2", 0))))
    ledger.commit(Batch(moves=(make.move("m|champion", "v2", 1, verb="rollback"),)))
    moves = ledger.moves(ALIAS, "m|champion")
    assert [(m.generation, m.expected, m.previous, m.value, m.verb) for m in moves] == [
        (1, 0, None, "v1", "promote"), (2, 1, "v1", "v2", "rollback"),
    ]  # fmt: skip
    assert moves[0].evidence == evidence
    assert [m.key for m in ledger.moves(ALIAS)] == ["m|champion", "m|shadow", "m|champion"]
    assert [m.generation for m in ledger.moves(ALIAS, since=2)] == [2]
    assert [m.generation for m in ledger.moves(ALIAS, "m|champion", since=2)] == [2]


def test_a_batch_may_move_one_pointer_twice(ledger: Store, make: Any) -> None:
    """Moves of one batch see each other, in order."""
    done = committed(ledger.commit(Batch(moves=(make.move("m", "v1", 0), make.move("m", "v2", 1)))))
    assert [(p.value, p.generation) for p in done.pointers] == [("v1", 1), ("v2", 2)]


def test_guards_refuse_when_the_world_moved_on(ledger: Store, make: Any) -> None:
    """PointerIs and RevisionIs name what they found; a guard that holds lets the batch pass."""
    ledger.commit(Batch(records=(make.outcome("r", 0), make.outcome("r", 1)), moves=(make.move("m", "v1", 0),)))
    id_ = make.outcome("r").id
    holding = (
        PointerIs(kind=ALIAS, key="m", generation=1), PointerIs(kind=ALIAS, key="none", generation=0),
        RevisionIs(kind="outcome", id=id_, revision=1), RevisionIs(kind="outcome", id="none", revision=None),
    )  # fmt: skip
    assert committed(ledger.commit(Batch(guards=holding, records=(make.outcome("a"),)))).changed
    unset = PointerIs(kind=ALIAS, key="m", generation=0)
    broken: dict[PointerIs | RevisionIs, str] = {
        unset: "it stands at generation 1 ('v1'), expected that it was never set",
        RevisionIs(kind="outcome", id=id_, revision=0): "it stands at revision 1, expected revision 0",
        RevisionIs(kind="outcome", id=id_, revision=None): "it stands at revision 1, expected that there is none",
        RevisionIs(kind="outcome", id="none", revision=0): "there is none, expected revision 0",
    }
    for guard, reason in broken.items():
        no = refused(ledger.commit(Batch(guards=(guard,), records=(make.outcome("b"),))))
        assert no.guard == guard
        assert reason in no.reason
    assert ledger.find(Outcome, series="b") == []


def test_pointers_are_found_by_prefix(ledger: Store, make: Any) -> None:
    """By key, unset ones included; a prefix is literal text, not a pattern."""
    keys = ("a%|x", "a_|x", "ab|x", "ab|y", "b|x", "ü|x", "ü\U0010ffff|x")
    ledger.commit(Batch(moves=tuple(make.move(k, "v", 0) for k in keys)))
    ledger.commit(Batch(moves=(make.move("ab|y", None, 1),)))

    def found(prefix: str) -> list[str]:
        return [p.key for p in ledger.pointers(ALIAS, prefix)]

    assert found("") == sorted(keys)
    assert (found("ab|"), found("a_"), found("a%"), found("zz")) == (["ab|x", "ab|y"], ["a_|x"], ["a%|x"], [])
    assert (found("ü"), found("ü\U0010ffff")) == (["ü|x", "ü\U0010ffff|x"], ["ü\U0010ffff|x"])
    assert ledger.pointers(PointerKind.HOLD) == []


def test_edges_are_walked_both_ways(ledger: Store) -> None:
    """Lineage up and down; an edge is written once."""
    edges = (
        Edge(source="d1", destination="t1", kind="read"), Edge(source="d1", destination="t2", kind="read"),
        Edge(source="t1", destination="d2", kind="wrote"),
    )  # fmt: skip
    ledger.commit(Batch(edges=edges))
    assert not committed(ledger.commit(Batch(edges=edges[:1]))).changed
    assert ledger.edges(source="d1") == list(edges[:2])
    assert ledger.edges(destination="d2") == [edges[2]]
    assert ledger.edges(source="d1", destination="t2") == [edges[1]]
    assert ledger.edges() == list(edges)


def test_a_message_waits_in_the_outbox_until_it_is_delivered(ledger: Store, make: Any) -> None:
    """One per sink and key, oldest first, limited; delivered twice is delivered."""
    ledger.commit(Batch(messages=(make.message("k1"), make.message("k2"), make.message("k1", "webhook"))))
    assert not committed(ledger.commit(Batch(messages=(make.message("k1"),)))).changed
    waiting = ledger.outbox("log")
    assert [e for _, e in waiting] == [make.message("k1").envelope, make.message("k2").envelope]
    assert ledger.outbox("log", limit=1) == waiting[:1]
    ledger.delivered([waiting[0][0]])
    ledger.delivered([waiting[0][0]])
    ledger.delivered([])
    assert ledger.outbox("log") == waiting[1:]
    assert len(ledger.outbox("webhook")) == 1
    assert not committed(ledger.commit(Batch(messages=(make.message("k1"),)))).changed


def test_a_lease_has_one_holder_until_it_ends(ledger: Store, reopen: Callable[[], Store]) -> None:
    """Renewed by its holder, refused to others, given back with 0 seconds, taken over when it ran out."""
    other = reopen()
    assert ledger.lease("reactor", "a", 60)
    assert ledger.lease("reactor", "a", 60)
    assert not other.lease("reactor", "b", 60)
    assert not other.lease("reactor", "b", 0)
    assert other.lease("sensor", "b", 60)
    assert not ledger.lease("reactor", "a", 0)
    assert other.lease("reactor", "b", 0.05)
    assert not ledger.lease("reactor", "a", 60)
    time.sleep(0.08)
    assert ledger.lease("reactor", "a", 60)
    assert ledger.seq() == 0


def test_wait_returns_as_soon_as_something_is_committed(ledger: Store, reopen: Callable[[], Store], make: Any) -> None:
    """At once when it happened before; after the timeout when nothing happens; promptly when it happens meanwhile."""
    writer = reopen()
    writer.commit(Batch(records=(make.outcome("a"),)))
    assert ledger.wait(0, 60) == 1
    began = time.monotonic()
    assert ledger.wait(1, 0.1) == 1
    assert 0.09 < time.monotonic() - began < 5
    timer = threading.Timer(0.1, writer.commit, [Batch(records=(make.outcome("b"),))])
    timer.start()
    began = time.monotonic()
    assert ledger.wait(1, 60) == 2
    assert time.monotonic() - began < 0.8, "woken by the poll that is the net, not by the commit"
    timer.join()


def test_many_threads_share_one_ledger(ledger: Store, make: Any) -> None:
    """Each thread gets its own connection; no commit is lost, positions have no gap."""

    def work(name: int) -> None:
        for i in range(10):
            ledger.commit(Batch(records=(make.outcome(f"{name}-{i}"),)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.find(Outcome)) == ledger.seq() == 40


def test_what_a_ledger_does_not_keep_is_named(ledger: Store, make: Any) -> None:
    """An unknown kind is an error with what is allowed, before anything is written."""
    with pytest.raises(LedgerError, match=r"a ledger keeps no Alert.*Allowed: Enacted, Episode"):
        ledger.find(Alert)
    with pytest.raises(LedgerError, match="keeps no Move"):
        ledger.commit(Batch(records=(make.outcome("r"), make.move("m", "v", 0))))
    with pytest.raises(TypeError, match="cannot write"):
        ledger.commit(Batch(moves=(make.move("m", "v", 0, evidence={"x": object()}),)))
    assert ledger.seq() == 0


def test_many_ids_and_many_records_fit_one_call(ledger: Store, make: Any) -> None:
    """Thousands of keys are one parameter, thousands of records one transaction."""
    records = tuple(make.outcome(f"r{i}") for i in range(3000))
    assert committed(ledger.commit(Batch(records=records))).seq == 3000
    assert len(ledger.find(Outcome, series=[f"r{i}" for i in range(0, 6000, 2)])) == 1500
    assert len(ledger.find(Outcome, ids=[r.id for r in records])) == 3000


def test_a_closed_ledger_says_so(ledger: Store, make: Any) -> None:
    """Using it after close is an error; closing twice is not."""
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="is closed"):
        ledger.find(ModelVersion)
    with pytest.raises(LedgerError, match="is closed"):
        ledger.commit(Batch(records=(make.outcome("r"),)))


def test_evidence_is_readable_text(ledger: Store, make: Any) -> None:
    """A reader of the move table needs no other store and no codec to see why."""
    ledger.commit(Batch(moves=(make.move("m", "v", 0, evidence={"verdicts": ["a"]}),)))
    row = ledger._session().rows("SELECT evidence FROM move")[0]
    assert json.loads(row[0]) == {"verdicts": ["a"]}
