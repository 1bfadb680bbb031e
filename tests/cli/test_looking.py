"""Tests of the commands that look: status, incidents, why, models, quarantine show, ledger verify."""

from pathlib import Path

import pytest

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.recorded import recorded_graph
from qoa_platform.records import Batch, Graph, Move, PointerKind, Read
from tests.cli.conftest import Qoa
from tests.cli.scene import NEXT, Scene
from tests.lineage.story import BAD, NOON, trial


def test_status_names_every_promise_and_what_stands(qoa: Qoa, scene: Scene) -> None:
    """Every promise of the contract in force is listed, judged or not; a violated one makes the exit code 1."""
    said = qoa("status", "--json")
    assert said.code == Exit.FINDINGS
    status = said.data["status"]
    assert set(status) == {"project", "at", "contracts", "promises", "episodes", "champions", "presets", "holds"}
    promises = {f"{p['subject']}.{p['promise']}": p for p in status["promises"]}
    assert list(promises)[:3] == ["sales.schema", "sales.complete", "sales.unique"]
    assert promises["sales.volume"]["status"] == "violated"
    assert promises["sales.volume"]["window"] == NEXT
    assert promises["sales.volume"]["verdict"]["value"] == 2000
    assert promises["sales.complete"]["status"] == "unjudged"
    assert promises["demand.live"]["version"] == "v2"
    assert [c["version"] for c in status["champions"]] == ["v2"]
    assert status["presets"] == [{"asset": "retail/features", "preset": "high", "of": ["poor", "medium", "high"]}]
    text = qoa("status")
    assert text.code == Exit.FINDINGS
    assert "sales.volume" in text.out
    assert "Open episodes" in text.out


def test_status_is_zero_when_all_is_well(qoa: Qoa, scene: Scene) -> None:
    """Without a violated promise and without an open episode the exit code is 0."""
    from dataclasses import replace

    from qoa_platform.records import Closing
    from tests.lineage.story import volume

    with scene.ledger() as ledger:
        good = replace(volume("t7", None, bad=False, hours=4), window=scene.episode.windows[0])
        closed = replace(
            scene.episode, revision=1, closed_at=NOON, closed_wall=NOON, changed_at=NOON, closing=Closing.REPAIRED
        )
        ledger.commit(Batch(records=(good, closed)))
    assert qoa("status").code == Exit.DONE


def test_status_before_anything_was_judged(qoa: Qoa, fresh: Path) -> None:
    """A project without a contract in force says what to do, exit code 4."""
    said = qoa("status")
    assert (said.code, said.out) == (Exit.STATE, "")
    assert said.err == (
        f"no contract is in force in {fresh}: nothing was judged yet. Materialize an asset, or: qoa react --once\n"
    )


def test_status_of_an_unknown_contract(qoa: Qoa, scene: Scene) -> None:
    """An unknown contract is answered with the nearest guess."""
    said = qoa("status", "--contract", "retail-demnd")
    assert said.code == Exit.USAGE
    assert said.err == "unknown contract 'retail-demnd'. Did you mean 'retail-demand'? Known: retail-demand\n"


def test_incidents_are_a_table_and_json(qoa: Qoa, scene: Scene) -> None:
    """Every incident is one row; --open leaves the resolved ones out; --last keeps the newest."""
    rows = qoa("incidents").out.splitlines()
    assert rows[0].split()[:4] == ["n", "state", "what", "where"]
    assert [r.split()[:3] for r in rows[1:]] == [["1", "resolved", "sales.volume"], ["2", "mitigated", "sales.volume"]]
    found = qoa("incidents", "--json").data["incidents"]
    assert [i["number"] for i in found] == [1, 2]
    assert [i["number"] for i in qoa("incidents", "--open", "--json").data["incidents"]] == [2]
    assert [i["number"] for i in qoa("incidents", "--last", "1", "--json").data["incidents"]] == [2]


def test_no_incident_is_said(qoa: Qoa, fresh: Path) -> None:
    """Without incidents the table is a sentence, the JSON an empty list, and nothing is an error."""
    assert qoa("incidents").out == "no incident: nothing that was promised stayed broken\n"
    assert qoa("incidents", "--json").data == {"incidents": []}


def test_an_incident_tells_what_when_where_how_who(qoa: Qoa, scene: Scene) -> None:
    """One incident by number or id: W4H, with every reaction that handled it."""
    text = qoa("incident", "1").out
    assert text.startswith(f"incident 1  resolved (repaired)  {scene.story.episode}")
    for word in ("what", "when", "where", "how", "who", "sales-feed", "retail/demand_model", "rerun", "quarantine"):
        assert word in text
    found = qoa("incident", scene.story.episode[:8], "--json").data["incident"]
    assert found["id"] == scene.story.episode
    assert [h["kind"] for h in found["handled"]] == ["quarantine", "rerun"]


def test_an_unknown_incident(qoa: Qoa, scene: Scene) -> None:
    """A number that no incident has is a usage error that names those there are."""
    said = qoa("incident", "7")
    assert (said.code, said.err) == (Exit.USAGE, "unknown incident '7'. Known: 1, 2\n")


def test_why_walks_both_ways(qoa: Qoa, scene: Scene) -> None:
    """Up to what something came from, down to what was built on it, or both; as text and as data."""
    both = qoa("why", "demand").out
    assert both.startswith("model demand v2")
    up, down = qoa("why", "demand", "v1", "--up").out, qoa("why", "demand", "v1", "--down").out
    assert "came from:" in up
    assert "was used for:" not in up
    assert "was used for:" in down
    assert "retail/forecast" in down
    tree = qoa("why", "retail/sales_day", "2017-10-04", "--json").data["why"]
    assert set(tree) == {"subject", "root", "up", "down", "full"}
    assert tree["root"]["node"].startswith("data:retail/sales_day|2017-10-04|")


def test_why_bounds_its_walk(qoa: Qoa, scene: Scene) -> None:
    """--depth cuts the walk and says so; a depth that is not allowed is a usage error."""
    assert "(depth reached)" in qoa("why", "retail/forecast", "--up", "--depth", "1").out
    said = qoa("why", "retail/forecast", "--depth", "0")
    assert said.code == Exit.USAGE
    assert "0 is not in the range 1<=x<=100" in said.err


def test_why_of_an_incident_and_a_reaction(qoa: Qoa, scene: Scene) -> None:
    """An incident by its number and a reaction by its id are subjects too."""
    assert qoa("why", "incident:1").out.startswith("episode of sales.volume: violated")
    assert qoa("why", scene.story.rerun).out.startswith("rerun retail/raw_day 2017-10-04 → applied")
    said = qoa("why", "incident:9")
    assert (said.code, said.err) == (Exit.USAGE, "unknown incident '9'. Known: 1, 2\n")


def test_why_of_something_unknown(qoa: Qoa, scene: Scene) -> None:
    """What the ledger does not know is answered with the nearest guess, exit code 2."""
    said = qoa("why", "retail/forcast")
    assert said.code == Exit.USAGE
    assert "the ledger knows no 'retail/forcast'. Did you mean 'retail/forecast'?" in said.err


def test_models_lists_versions_and_of_one_its_champions(qoa: Qoa, scene: Scene) -> None:
    """All versions with their release and reasons; of one model the terms of its champions too."""
    rows = [r.split("  ")[1].strip() for r in qoa("models").out.splitlines()[1:]]
    assert rows == ["v1", "v2", "v3"]
    text = qoa("models", "demand").out
    assert "Champions" in text
    assert "worse than v2 by 0.02" in text
    (found,) = qoa("models", "demand", "--json").data["models"]
    assert found["aliases"] == {"champion": "v2", "challenger": None, "shadow": None}
    assert [(t["version"], t["verb"]) for t in found["champions"]] == [("v1", "promote"), ("v2", "promote")]
    assert [v["releases"][-1]["state"] for v in found["versions"]] == ["retired", "promoted", "refused"]


def test_an_unknown_model_and_no_model(qoa: Qoa, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown model is a usage error; a project without any says so."""
    said = qoa("models", "demnd")
    assert (said.code, said.err) == (Exit.USAGE, "unknown model 'demnd'. Did you mean 'demand'? Known: demand\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "workspace.yaml").touch()
    monkeypatch.chdir(tmp_path / "empty")
    assert qoa("models").out == "no model was trained yet\n"


def test_quarantine_shows_what_is_marked_and_why(qoa: Qoa, scene: Scene) -> None:
    """Every mark that stands, with the promises that were not kept; of one asset only its own."""
    found = qoa("quarantine", "show", "--json").data["quarantined"]
    assert [(m["partition"], m["digest"], m["promises"]) for m in found] == [
        ("2017-10-04", BAD, ["sales.volume"]), (NEXT, scene.held, ["sales.volume"]),
    ]  # fmt: skip
    assert NEXT in qoa("quarantine", "show").out
    assert qoa("quarantine", "show", "retail/raw_day").out == "nothing is quarantined\n"


def test_the_ledger_verifies_and_says_what_does_not(qoa: Qoa, scene: Scene) -> None:
    """A whole ledger is exit code 0; one changed row is found, exit code 5, and the others still tell."""
    import sqlite3

    said = qoa("ledger", "verify", "--json")
    assert (said.code, said.data["problems"]) == (Exit.DONE, [])
    with sqlite3.connect(scene.root / ".qoa" / "ledger.db") as raw:
        raw.execute("UPDATE move SET reason = 'forged' WHERE key = 'demand|champion' AND gen = 2")
    raw.close()
    said = qoa("ledger", "verify")
    assert said.code == Exit.LEDGER
    assert "1 rows are not what was written" in said.out
    assert qoa("incidents").code == Exit.DONE


def test_the_recorded_graph_knows_what_ran(scene: Scene) -> None:
    """The graph of the trials: an asset's inputs, and a model that was read stands for the asset that trains it."""
    from qoa_platform.lineage import batch_of

    with scene.ledger() as ledger:
        read = Read(asset="model:demand", partition="v1", digest="e" * 64)
        ledger.commit(batch_of(trial("t9", "retail/backtest", "all", output="9" * 64, reads=(read,))))
        graph: Graph = recorded_graph(ledger)
    assert graph.below("retail/raw_day") == (
        "retail/sales_day",
        "retail/demand_model",
        "retail/forecast",
        "retail/backtest",
    )
    assert graph.trainer("demand") == "retail/demand_model"
    backtest = graph.node("retail/backtest")
    assert backtest is not None
    assert backtest.upstream == ("retail/demand_model",)


def test_what_came_from_data_cannot_drive_the_terminal(qoa: Qoa, scene: Scene) -> None:
    """Text of the ledger is shown without control characters, whoever wrote it there."""
    with scene.ledger() as ledger:
        evil = Move(
            kind=PointerKind.HOLD, key="asset:retail/forecast", value="\x1b[2Jgone\u202e", expected=0, verb="hold",
            actor="evil", reason="x", at=NOON, wall=NOON,
        )  # fmt: skip
        ledger.commit(Batch(moves=(evil,)))
    out = qoa("status").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "gone" in out


def test_failing_rows_are_shown_where_promises_are(qoa: Qoa, scene: Scene) -> None:
    """The rows that a verdict keeps as evidence stand in status and in the incident: which, which cells, and why."""
    from dataclasses import replace

    from qoa_platform.records import FailingRow, FailingRows
    from tests.lineage.story import volume

    row = FailingRow(row=7, key=(("id", "x"),), cells=(("price", None),), why="missing")
    found = FailingRows(count=1200, sample=(row,))
    with scene.ledger() as ledger:
        bad = replace(
            volume("t8", "b" * 64, bad=True, hours=5), window=scene.episode.windows[0], evidence={"rows": found.plain()}
        )  # fmt: skip
        ledger.commit(Batch(records=(bad,)))
    for said in (qoa("status").out, qoa("incident", "2").out):
        lines = said.split("Failing rows\n")[1].splitlines()
        assert lines[0].split() == ["promise", "window", "row", "key", "cells", "why"]
        assert [cell.strip() for cell in lines[1].split("  ") if cell][2:] == [
            "7",
            "id = x",
            "price = (missing)",
            "missing",
        ]
        assert lines[2].split() == ["sales.volume", NEXT, "+1,199", "more", "of", "them"]
