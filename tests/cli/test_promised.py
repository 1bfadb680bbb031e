"""Tests of ``qoa explain``: everything about one promise, in a terminal, as JSON and as a page."""

import pytest

from qoa_platform.cli.exits import Exit
from tests.cli.conftest import Qoa
from tests.cli.scene import NEXT, Scene


def test_a_violated_promise_is_explained(qoa: Qoa, scene: Scene) -> None:
    """Verdict, cause, what would change it, the contract's line, formula, history, last verdicts, what it led to."""
    said = qoa("explain", "sales.volume")
    assert said.code == Exit.DONE
    lines = said.out.splitlines()
    assert lines[0] == f"sales.volume  violated  {NEXT}  2,000, allowed ≥ 3,000, n = 2,000"
    assert lines[1] == "because 2,000 is below what is allowed, ≥ 3,000"
    assert "  a value of at least 3,000: 1,000 more than it is" in lines
    parts = (
        "contracts/retail.yaml:", "data.row_count: Rows: n.", "keeps a candidate from being published", "Last verdicts",
        "What it led to", "rerun retail/raw_day", "False alarms, over 90 days", "X",
    )  # fmt: skip
    for part in parts:
        assert part in said.out, part


def test_an_earlier_window_is_explained_with_its_own_history(qoa: Qoa, scene: Scene) -> None:
    """4 October was repaired: its current verdict is satisfied, and 5 October is not in its history."""
    found = qoa("explain", "retail-demand/sales.volume", "--at", "2017-10-04", "--json").data["explanation"]
    assert found["verdict"]["status"] == "satisfied"
    assert [m["window"] for m in found["history"]] == ["2017-10-04"]
    assert [v[1] for v in found["last"]] == ["satisfied", "violated"]
    assert found["because"] == "4,000 is within what is allowed, ≥ 3,000"
    assert [r["kind"] for r in found["remedies"]] == ["value"]
    assert (found["spend"]["alarms"], found["spend"]["confirmed"]) == (1, 1)


def test_what_was_never_judged_is_explained_all_the_same(qoa: Qoa, scene: Scene) -> None:
    """What is promised and measured is known before the first verdict; so is what ``schema:`` implies."""
    said = qoa("explain", "sales.complete").out
    assert "never judged" in said
    assert "data.completeness" in said
    assert "columns, types and values" in qoa("explain", "sales.schema").out
    assert qoa("explain", "release.objective").code == Exit.DONE
    assert qoa("explain", "demand.live[v1]").code == Exit.DONE


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("sales.volum",), "Did you mean 'sales.volume'?"),
        (("retail-demnd/sales.volume",), "Did you mean 'retail-demand/sales.volume'?"),
        (("volume",), "Known: demand.honest"),
        (("sales.volume", "--at", "2017-10-40"), "Did you mean '2017-10-05'?"),
        (("sales.complete", "--at", "2017-10-04"), "Judged: none yet"),
    ],
)
def test_a_name_that_is_not_known_is_answered_with_the_nearest(
    qoa: Qoa, scene: Scene, words: tuple[str, ...], part: str
) -> None:
    """Exit code 2, nothing on stdout, what was found and what is there."""
    said = qoa("explain", *words)
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert part in said.err


def test_the_page_is_self_contained_and_says_the_same(qoa: Qoa, scene: Scene) -> None:
    """One file, with a plot in it and nothing from anywhere."""
    said = qoa("explain", "sales.volume", "--html", "volume.html", "--json").data
    page = (scene.root / "volume.html").read_text("utf-8")
    assert said["bytes"] == len(page.encode())
    assert "2,000 is below what is allowed, ≥ 3,000" in page
    assert '<circle class="violated"' in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert qoa("explain", "sales.volume", "--html", "nowhere/x.html").code == Exit.USAGE
