"""Owns guard: what an experiment says of a guardrail of a release."""

from collections.abc import Mapping
from dataclasses import dataclass
from json import loads
from typing import Any, Self

from qoa_platform.records import Reason, Status
from qoa_platform.verdicts.sequential.decision import Decision, Outcome
from qoa_platform.verdicts.sequential.experiment import Experiment
from qoa_platform.verdicts.sequential.rule import Goal
from qoa_platform.verdicts.sequential.starting import start

TESTS = {
    "e-process": "errors",
    "msprt": "mean",
    "confidence-sequence": "mean",
}
ALPHA = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """What must not become worse, as a contract says it.

    *margin* is a share (``1.5 x`` and ``50 %`` are .5) where *relative*, else in the metric's unit. *aggregate* ``p99``
    and its kin make it a quantile. A test of fixed size is none that may be looked at again: refused.
    """

    metric: str
    margin: float
    relative: bool
    test: str = "e-process"
    alpha: float = ALPHA
    aggregate: str | None = None
    on_breach: str = "rollback"

    @classmethod
    def of(cls, said: str | Mapping[str, Any]) -> Self:
        """A guardrail as a contract keeps it (``ReleasePolicy.serving``): canonical JSON. Raises ValueError."""
        given = loads(said) if isinstance(said, str) else dict(said)
        margin = given["margin"]
        kind, value = (margin["kind"], margin["value"]) if isinstance(margin, Mapping) else ("absolute", margin)
        test = given.get("test", "e-process" if "error" in given["metric"] else "confidence-sequence")
        if test not in TESTS:
            message = f"test {test!r} may not be looked at more than once. Allowed: {', '.join(TESTS)}"
            raise ValueError(message)
        return cls(
            metric=given["metric"], margin=value - 1 if kind == "factor" else value, relative=kind != "absolute",
            test=test, alpha=given.get("alpha", ALPHA), aggregate=given.get("aggregate"),
            on_breach=given.get("on_breach", "rollback"),
        )  # fmt: skip

    def experiment(self, split: tuple[float, float], **declared: Any) -> Experiment:
        """The experiment that tests it, before its first look; *declared* as in :func:`start`. Lower is better."""
        kind = TESTS[self.test]
        if self.aggregate is not None and self.aggregate.startswith("p"):
            kind, declared = "quantile", {**declared, "q": float(self.aggregate[1:]) / 100}
        return start(
            kind, split=split, alpha=self.alpha, margin=self.margin, relative=self.relative, higher=False,
            goal=declared.pop("goal", Goal.NON_INFERIOR), **declared,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What was judged of a guardrail: *then* follows where it is violated; *cause* says why it is unknown."""

    status: Status
    then: str | None = None
    reason: Reason | None = None
    cause: str | None = None


def guard(guardrail: Guardrail, decision: Decision) -> Guarded:
    """The judgement of *guardrail* on the last *decision* of its experiment.

    Violated: harm. Satisfied: shown to be no worse than the margin. Everything else is unknown, never satisfied: too
    few, labels pending, not decided yet (``imprecise``), or arms that cannot be compared (``error``).
    """
    match decision.outcome:
        case Outcome.HARM:
            return Guarded(status=Status.VIOLATED, then=guardrail.on_breach, cause=decision.why)
        case Outcome.BENEFIT:
            return Guarded(status=Status.SATISFIED, cause=decision.why)
        case Outcome.INVALID:
            return Guarded(status=Status.UNKNOWN, reason=Reason.ERROR, cause=decision.why)
        case _:
            return Guarded(status=Status.UNKNOWN, reason=decision.reason or Reason.IMPRECISE, cause=decision.why)
