"""A run that does not end when it is told to keeps nothing else from happening, and is told again."""

from dataclasses import dataclass, replace

from tests.reactions.conftest import Set
from tests.reactions.stage import FEATURES, MODEL, Runs, contract, day, rule, step

KILL = rule("kill", "training.too_slow violated", step("terminate", MODEL), "alert")
STOP = rule("stop-bad-data", "sales.* blocked", "quarantine", "alert")


@dataclass(slots=True)
class Deaf(Runs):
    """Runs that do not hear that they shall end."""

    deaf: bool = True

    def terminate(self, run: str, /) -> bool:
        if self.deaf:
            raise TimeoutError(run)
        return Runs.terminate(self, run)


def test_the_others_are_decided_and_performed_meanwhile(scene: Set) -> None:
    """Its own alert is sent, later plans are written and performed; the outcome comes when the run has ended."""
    now = scene(contract(KILL, STOP))
    now.runs = runs = Deaf(now.clock)
    now.ports = replace(now.ports, runs=runs)
    run = runs.start((FEATURES, MODEL))
    now.judge("training.too_slow", day(0), "violated", evidence={"run": run.id})
    now.reconcile()
    assert len(now.alerts()) == 1
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    assert [said.partition("(")[0] for said in now.said("quarantine")] == ["applied"]
    assert len(now.alerts()) == 2
    assert now.reconcile().idle
    runs.deaf = False
    now.reconcile()
    assert now.said("terminate") == [f"applied(run {run.id} ended)"]
