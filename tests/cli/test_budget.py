"""Tests of ``qoa budget``: what is declared, what was spent, over which windows."""

from dataclasses import replace
from datetime import timedelta

from qoa_platform.cli.exits import Exit
from qoa_platform.records import Batch, Window
from tests.cli.conftest import Qoa
from tests.cli.scene import NEXT, Scene
from tests.lineage.story import NOON, volume


def test_a_mended_day_is_confirmed_and_an_open_one_is_not(qoa: Qoa, scene: Scene) -> None:
    """4 October was repaired, 5 October is still bad: one stretch, and something of it was mended."""
    said = qoa("budget", "--json").data["budgets"][0]
    assert (said["by_default"], said["declared"]) == (False, 0.6)
    own = next(p for p in said["promises"] if p["promise"] == "volume")
    assert (own["judged"], own["alarms"], own["confirmed"], own["accepted"]) == (2, 1, 1, 0)
    assert said["expected"] > 0
    assert not said["overspent"]


def test_alarms_that_nobody_confirmed_overspend(qoa: Qoa, scene: Scene) -> None:
    """Five bad days with good ones between are more than a hundredth of an alarm explains; fixed bounds never are."""
    with scene.ledger() as ledger:
        days = [NOON.date() + timedelta(days=k - 16) for k in range(10)]
        told = [
            replace(volume(None, None, bad=k % 2 == 0), window=Window.of_day(day), n=k) for k, day in enumerate(days)
        ]
        ledger.commit(Batch(records=tuple(told)))
    text = qoa("budget").out
    assert "more than the budget explains" in text
    line = next(line for line in text.splitlines() if line.startswith("sales.volume"))
    assert line.endswith("over")
    assert next(line for line in text.splitlines() if line.startswith("sales.complete")).split()[1:4] == [
        "a", "fixed", "bound"
    ]  # fmt: skip


def test_the_period_and_the_contract_are_chosen(qoa: Qoa, scene: Scene) -> None:
    """Windows before the period are not counted; a contract that is not known is answered with those that are."""
    own = qoa("budget", "--since", NEXT, "--json").data["budgets"][0]["promises"]
    assert next(p for p in own if p["promise"] == "volume")["judged"] == 1
    assert qoa("budget", "--contract", "retail-demnd").code == Exit.USAGE
    assert "Did you mean 'retail-demand'" in qoa("budget", "--contract", "retail-demnd").err
    assert qoa("budget", "--since", "soon").code == Exit.USAGE
