"""Rules of ``why``."""

import json
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.ledger import Store
from qoa_platform.lineage import Branch, Cut, Direction, Reader, Tree, batch_of, render, why
from qoa_platform.records import Batch, Edge, Read, plain
from tests.lineage.story import BAD, DAY, FORECAST, GOOD, MODEL, NOON, SALES, Story, Write, publish, trial


def _nodes(tree: Tree) -> list[str]:
    return [branch.node for branch in tree]


def test_a_forecast_leads_back_to_the_bad_day(ledger: Store, story: Story) -> None:
    """Forecast → model → sales → raw day → rerun → episode → blocked trial with its violated verdict."""
    tree = why(ledger, "retail/forecast", direction="up")
    nodes = _nodes(tree)
    for node in ("trial:t5", f"data:retail/demand_model|all|{MODEL}", "trial:t4",
 f"data:retail/sales_day|{DAY}|{SALES}",
                 "trial:t3", f"data:retail/raw_day|{DAY}|{GOOD}", "trial:t2", f"reaction:{story.rerun}",
                 f"episode:{story.episode}", "trial:t1"):  # fmt: skip
        assert node in nodes
    assert tree.down == ()
    blocked = next(b for b in tree if b.node == "trial:t1")
    assert [(v.key, v.status, v.blocks) for v in blocked.verdicts] == [("sales.volume", "violated", True)]


def test_a_bad_digest_leads_to_all_that_followed(ledger: Store, story: Story) -> None:
    """Down from the blocked trial: episode, quarantine, rerun, and at last the forecast."""
    nodes = _nodes(why(ledger, "t1", direction=Direction.DOWN))
    for node in (f"episode:{story.episode}", f"reaction:{story.quarantine}", f"reaction:{story.rerun}", "trial:t2",
                 "trial:t3", "model:demand|v1", f"data:retail/forecast|all|{FORECAST}"):  # fmt: skip
        assert node in nodes


def test_a_model_knows_its_trial_its_promotion_and_its_use(ledger: Store, story: Story) -> None:
    """Up: trial, parameters, seed, promotion. Down: the forecast that read it."""
    tree = why(ledger, "demand")
    assert {b.node for b in tree.up} == {"trial:t4", f"reaction:{story.promote}"}
    trained = next(b for b in tree.up if b.node == "trial:t4")
    assert trained.parameters == {"preset": "high"}
    assert dict(trained.facts)["seed"] == "7"
    assert dict(tree.root.facts)["now"] == "champion"
    assert "promote" in dict(tree.root.facts)["champion"]
    assert "trial:t5" in [b.node for branch in tree.down for b in branch]


def test_incident_and_reaction_are_walked_both_ways(ledger: Store, story: Story) -> None:
    """An incident comes from the bad trial and led to its reactions; a reaction comes from it and caused trials."""
    incident = why(ledger, f"incident:{story.episode}")
    assert [b.node for b in incident.up] == ["trial:t1"]
    assert [b.node for b in incident.down] == [f"reaction:{story.quarantine}", f"reaction:{story.rerun}"]
    reaction = why(ledger, story.rerun)
    assert [b.node for b in reaction.up] == [f"episode:{story.episode}"]
    assert [b.node for b in reaction.down] == ["trial:t2", "trial:t3"]
    verdict = why(ledger, story.verdict)
    assert [b.node for b in verdict.up] == ["trial:t1"]
    assert [b.node for b in verdict.down] == [f"episode:{story.episode}"]


def test_a_digest_says_whether_it_is_published_or_quarantined(ledger: Store, story: Story) -> None:
    """Never published, published, and superseded are told apart."""
    bad = dict(why(ledger, f"data:retail/sales_day|{DAY}|{BAD}").root.facts)
    assert (bad["state"], bad["quarantine"]) == ("never published", "bad")
    assert dict(why(ledger, "retail/sales_day").root.facts)["state"] == "published"
    ledger.commit(Batch(moves=(publish("retail/sales_day", DAY, "9" * 64, expected=1),)))
    old = why(ledger, f"data:retail/sales_day|{DAY}|{SALES}").root
    assert dict(old.facts)["state"] == "was published, superseded since"


def test_a_trial_names_what_it_really_read(ledger: Store, story: Story) -> None:
    """Published again since: the forecast still says the digest that it read."""
    ledger.commit(Batch(moves=(publish("retail/demand_model", "all", "9" * 64, expected=1),)))
    nodes = _nodes(why(ledger, "retail/forecast", direction="up"))
    assert f"data:retail/demand_model|all|{MODEL}" in nodes
    assert f"data:retail/demand_model|all|{'9' * 64}" not in nodes


def test_many_partitions_are_listed_and_the_newest_walked(ledger: Store, write: Write) -> None:
    """A whole table over 270 days stays readable; every digest is still there as plain data."""
    digests = {f"{n:04}": f"{n:064}" for n in range(270)}
    reads = tuple(Read(asset="retail/sales_day", partition=p, digest=d) for p, d in digests.items())
    write(batch_of(trial("whole", "retail/department_sales", "all", output=SALES, reads=reads)))
    tree = why(ledger, "whole", wide=3)
    assert [b.node.split("|")[1] for b in tree.up if not b.members] == ["0267", "0268", "0269"]
    crowd = next(b for b in tree.up if b.members)
    assert len(crowd.members) == 267
    assert crowd.title == "retail/sales_day: 267 more, 0000 … 0266"


def test_a_cycle_ends(ledger: Store, write: Write) -> None:
    """A node is walked once; the way back to it says so."""
    loop = [("trial:a", "trial:b"), ("trial:b", "trial:c"), ("trial:c", "trial:a")]
    write(Batch(edges=tuple(Edge(source=s, destination=d, kind="caused") for s, d in loop)))
    tree = why(ledger, "trial:a")
    assert [(b.node, b.cut) for branch in tree.down for b in branch] == [
        ("trial:b", None), ("trial:c", None), ("trial:a", Cut.SHOWN),
    ]  # fmt: skip


def test_depth_and_number_of_nodes_are_bounded(ledger: Store, story: Story) -> None:
    """What is cut says why; nothing is cut silently."""
    shallow = why(ledger, "retail/forecast", direction="up", depth=2)
    assert [b.cut for branch in shallow.up for b in branch] == [None, Cut.DEPTH]
    few = why(ledger, "retail/forecast", nodes=4)
    assert few.full
    assert sum(b.cut is not Cut.FULL for b in few) <= 4
    assert "more nodes than asked for" in render(few)[-1]


@pytest.mark.parametrize("bad", [{"depth": 0}, {"depth": 101}, {"nodes": 0}, {"wide": 0}])
def test_impossible_bounds_are_refused(ledger: Store, bad: dict[str, int]) -> None:
    """The error names the bound and what is allowed."""
    with pytest.raises(ValueError, match=r"is \d+. Allowed: 1 to"):
        why(ledger, "trial:a", **bad)  # type: ignore[arg-type]


def test_the_answer_is_plain_data_and_lines(ledger: Store, story: Story) -> None:
    """``--json`` writes it as it is; lines show what, when, run, parameters and the verdict that was bad."""
    tree = why(ledger, "demand")
    assert json.loads(json.dumps(plain(tree)))["root"]["node"] == "model:demand|v1"
    text = "\n".join(render(tree))
    for part in ("model demand v1", "came from:", "was used for:", "trained: trial of retail/demand_model",
                 f"at {NOON:%Y-%m-%d %H:%M}", "run run-t4", '{"preset":"high"}',
                 "✗ sales.volume 2017-10-04 violated: 2,000, allowed [3,000, –], critical, blocks"):  # fmt: skip
        assert part in text


def test_a_missing_record_is_said_as_missing(ledger: Store, write: Write) -> None:
    """An edge may name what the ledger has no record of."""
    write(Batch(edges=(Edge(source="reaction:gone", destination="trial:t", kind="caused"),)))
    tree = why(ledger, "trial:t")
    assert tree.up[0].missing
    assert tree.up[0].title == "reaction gone: no record in the ledger"


def test_text_from_data_cannot_steer_a_terminal(ledger: Store, write: Write) -> None:
    """Escape sequences in a partition or an error are shown, not performed."""
    write(batch_of(trial("evil", "retail/raw_day", "\x1b[2J", error="\x1b]0;owned\x07")))
    assert not any("\x1b" in line or "\x07" in line for line in render(why(ledger, "evil")))


edges = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=60)


@settings(max_examples=100, deadline=None)
@given(pairs=edges, nodes=st.integers(1, 40), depth=st.integers(1, 8), wide=st.integers(1, 5))
def test_law_every_walk_ends_within_its_bounds(pairs: list[tuple[int, int]], nodes: int, depth: int, wide: int) -> None:
    """On any graph: at most *nodes* described, none walked twice in a direction, no branch deeper than *depth*."""
    reader = _Graph([Edge(source=f"trial:{a}", destination=f"trial:{b}", kind="caused") for a, b in pairs])
    tree = why(cast("Reader", reader), "trial:0", nodes=nodes, depth=depth, wide=wide)
    assert sum(b.cut is not Cut.FULL and not b.members for b in tree) <= nodes
    for side in (tree.up, tree.down):
        walked = [b.node for branch in side for b in branch if b.branches]
        assert len(walked) == len(set(walked))
        assert _depth(side) <= depth
    render(tree)


def _depth(branches: tuple[Branch, ...]) -> int:
    return max((1 + _depth(b.branches) for b in branches), default=0)


class _Graph:
    """A reader that knows edges only."""

    def __init__(self, known: list[Edge]) -> None:
        self._known = list(dict.fromkeys(known))

    def edges(self, *, source: str | None = None, destination: str | None = None) -> list[Edge]:
        """Edges by end."""
        return [e for e in self._known if source in (None, e.source) and destination in (None, e.destination)]

    def last(self, kind: type[object], id_: str, /) -> None:
        """No record."""

    def find(self, kind: type[object], /, **wanted: object) -> list[object]:
        """No records."""
        return []

    def pointer(self, kind: object, key: str, /) -> None:
        """No pointer."""

    def pointers(self, kind: object, /, prefix: str = "") -> list[object]:
        """No pointers."""
        return []

    def moves(self, kind: object, /, key: str | None = None, since: int = 0) -> list[object]:
        """No moves."""
        return []
