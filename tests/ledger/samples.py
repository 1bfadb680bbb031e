"""Owns sample records for the ledger's tests: one of every kind, and short-hands for moves and outcomes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from qoa_platform.records import (
    Ask,
    Baseline,
    Bounds,
    Contract,
    Direction,
    Enacted,
    Envelope,
    Episode,
    Fixed,
    Key,
    Margin,
    MarginKind,
    Measurement,
    Message,
    ModelVersion,
    Move,
    Objective,
    Operator,
    Outcome,
    OutcomeState,
    PointerKind,
    Profile,
    Promise,
    Reaction,
    ReactionKind,
    Read,
    Reading,
    Record,
    Reference,
    ReferenceKind,
    Release,
    ReleasePolicy,
    ReleaseState,
    Role,
    Rule,
    Severity,
    Stage,
    Stakeholder,
    Status,
    Step,
    StoredState,
    Subject,
    SubjectKind,
    Target,
    Trial,
    TrialState,
    Unit,
    Usage,
    Usual,
    Verdict,
    Versus,
    When,
    WhenStatus,
    Window,
)  # fmt: skip

T = datetime(2017, 10, 4, 12, tzinfo=UTC)
NOTED: dict[str, Any] = {"at": T, "wall": T}
DAY = Window.of_partition("2017-10-04")
KEY = Key(contract="retail", subject="sales", promise="volume")


def move(key: str, value: str | None, expected: int, **more: Any) -> Move:
    """A promotion of an alias, unless told otherwise."""
    facts = {"kind": PointerKind.ALIAS, "verb": "promote", "actor": "test", "reason": "because", **NOTED, **more}
    return Move(key=key, value=value, expected=expected, **facts)


def outcome(reaction: str, revision: int = 0, **more: Any) -> Outcome:
    """One step in the life of a reaction."""
    return Outcome(**{"reaction": reaction, "revision": revision, "state": OutcomeState.APPLIED, **NOTED, **more})


def message(key: str, sink: str = "log") -> Message:
    """An envelope for a sink."""
    return Message(sink=sink, envelope=Envelope(source="qoa", type="qoa.test", subject="s", key=key, time=T))


def version(name: str, model: str = "demand") -> ModelVersion:
    """A version of a model."""
    return ModelVersion(model=model, version=name, artifact="0" * 64, trial="t", **NOTED)


def verdict(day: str, **more: Any) -> Verdict:
    """A satisfied verdict on one day."""
    facts = {
        "key": KEY, "status": Status.SATISFIED, "severity": Severity.WARNING, "metric": "data.row_count",
        "contract_version": 1, "contract_digest": "d", "bounds": Bounds(low=0.0, high=float("inf")), **NOTED, **more,
    }  # fmt: skip
    return Verdict(window=Window.of_partition(day), **facts)


def contract() -> Contract:
    """A contract that uses every union and optional the language has."""
    at_least = Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %")
    margin = Margin(kind=MarginKind.RELATIVE, value=0.25)
    promises = (
        Promise(id="fixed", metric="m", must=at_least, params=(("k", (1, "a")),)),
        Promise(id="usual", metric="m", must=Usual(), streak=timedelta(hours=2)),
        Promise(
            id="versus", metric="m", reference=Reference(kind=ReferenceKind.LAST_PARTITIONS, count=28),
            must=Versus(baseline=Baseline.REFERENCE, name="weekday_mean", margin=margin),
        ),
    )  # fmt: skip
    when = When(subject=None, promise=None, status=WhenStatus.BLOCKED, streak=3, text="any blocked for 3")
    return Contract(
        name="retail", version=1, owner="me", runbook="r", digest="a" * 64,
        stakeholders=(Stakeholder(name="s", role=Role.ML_CONSUMER),),
        subjects=(Subject(id="sales", kind=SubjectKind.ASSET, asset="a", since=date(2017, 1, 1), promises=promises),),
        policy=(Rule(name="r", when=when, steps=(Step(kind=ReactionKind.ALERT),), cooldown=timedelta(hours=1)),),
        release=ReleasePolicy(
            model="demand", stages=(Stage(name="canary", amount=0.1, unit=Unit.RATIO),),
            objective=Objective(metric="model.wape", margin=Margin(kind=MarginKind.RELATIVE, value=0.0)),
        ),
        lines=(("subjects.sales", 3),),
    )  # fmt: skip


def every_kind() -> tuple[Record, ...]:
    """One record of each kind that a ledger keeps, with the values that codecs lose: NaN, inf, tuples, old times."""
    nan = float("nan")
    return (
        Enacted(contract=contract(), actor="me", **NOTED),
        Episode(
            key=KEY, opening="o", severity=Severity.CRITICAL, status=Status.VIOLATED, windows=(DAY,), opened_at=T,
            opened_wall=T, changed_at=T,
        ),
        Measurement(
            metric="data.mean", params=(("ddof", 0), ("q", (0.5, None, "x", True))), subject="a", window=DAY,
            reading=Reading(value=nan, n=3), unit=Unit.ONE, direction=Direction.TARGET, evidence={"x": [1, 2.5, None]},
            **NOTED,
        ),
        version("v1"),
        outcome("r1", effect={"generation": 3, "big": 2**40, "inf": float("-inf")}),
        Profile(name="p", subject="a", window=DAY, columns=(), source=("s",), **NOTED),
        Reaction(
            contract="retail", contract_digest="d", rule="r", step=0, kind=ReactionKind.RERUN, cause="e",
            target=Target(asset="a", partition="2017-10-04"), backoff=timedelta(minutes=5), reason="why", **NOTED,
        ),
        Release(model="demand", version="v1", state=ReleaseState.CANDIDATE, reasons=("a", "b"), **NOTED),
        StoredState(
            ask=Ask(state="tally", columns=("x",)), asset="a", partition="2017-10-04", window=DAY, data="d",
            content=bytes(range(256)), **NOTED,
        ),
        Trial(
            id="t1", experiment="e", asset="a", partition="1960-01-01", window=Window.of_partition("1960-01-01"),
            run="r", code="c", environment="e", reads=(Read(asset="b", partition="p", digest="d"),),
            state=TrialState.PUBLISHED, usage=Usage(seconds=1.5), parameters={"depth": 3, "name": "ü␀'?%s"}, **NOTED,
        ),
        verdict("2017-10-04", value=float("inf"), evidence={"nested": {"b": 1, "a": [True]}}),
    )  # fmt: skip
