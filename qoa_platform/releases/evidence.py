"""Owns what the verdicts on a candidate mean for it: promote, refuse or wait, with the reasons."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from qoa_platform.records import Contract, Reason, Release, ReleasePolicy, ReleaseState, Status, Verdict, short, show

OBJECTIVE = ("release", "objective")
"""Subject and promise of the verdict on a release's objective."""
SET_ASIDE = frozenset({Reason.NO_REFERENCE, Reason.LABEL_PENDING, Reason.NOT_APPLICABLE})
"""What a first champion is not asked for: it cannot be judged yet (semantics 20)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What follows for a candidate: the *state* it goes to, why, on which evidence.

    *sample* names the backtest that was judged (the digest of its data), so that judging it twice counts once.
    """

    state: ReleaseState
    reasons: tuple[str, ...]
    evidence: dict[str, object] = field(default_factory=dict)
    sample: str | None = None


def backtest_promises(contract: Contract) -> frozenset[tuple[str, str]]:
    """(subject, promise) of every promise on the released model that is read over the objective's backtest."""
    if contract.release is None:
        return frozenset()
    policy = contract.release
    return frozenset(
        (subject.id, promise.id)
        for subject in contract.subjects
        for promise in subject.promises
        if subject.model == policy.model and promise.over is not None and promise.over == policy.objective.over
    )


def first_champion(verdicts: Iterable[Verdict], asked: Collection[tuple[str, str]]) -> Finding:
    """Whether a candidate may become the first champion: every promise that can be judged holds, and one does.

    *verdicts* are the candidate's current ones. A violated promise refuses; one without a verdict, or unknown for a
    reason that is not set aside, makes it wait.
    """
    wanted = set(asked)
    found = {(v.key.subject, v.key.promise): v for v in verdicts if v.key.group is None}
    judged = [found[key] for key in sorted(wanted & set(found)) if found[key].reason not in SET_ASIDE]
    evidence: dict[str, object] = {"verdicts": [v.id for v in judged]}
    violated = tuple(_line(v) for v in judged if v.status is Status.VIOLATED)
    if violated:
        return Finding(state=ReleaseState.REFUSED, reasons=violated, evidence=evidence)
    missing = tuple(f"{subject}.{promise} is not judged yet" for subject, promise in sorted(wanted - set(found)))
    unknown = missing + tuple(_line(v) for v in judged if v.status is Status.UNKNOWN)
    if unknown:
        return Finding(state=ReleaseState.WAITING, reasons=unknown, evidence=evidence)
    if not judged:
        return Finding(state=ReleaseState.WAITING, reasons=("no promise over the backtest can be judged",))
    reasons = ("first champion: every promise over the backtest is kept", *(_line(v) for v in judged))
    return Finding(state=ReleaseState.PROMOTED, reasons=reasons, evidence=evidence)


def against(policy: ReleasePolicy, release: Release, verdicts: Sequence[Verdict], champion: str) -> Finding:
    """Whether a candidate takes the place of *champion*: what its objective's verdict says of this very pair.

    Satisfied promotes, violated refuses. Unknown waits (or refuses, with ``inconclusive: refuse``), and refuses after
    ``max_samples`` backtests; before ``min_samples`` nothing is final.

    Raises ValueError for an ``inconclusive:`` that is neither wait nor refuse.
    """
    if policy.inconclusive not in ("wait", "refuse"):
        message = f"release of {policy.model}: inconclusive {policy.inconclusive!r}. Allowed: wait, refuse"
        raise ValueError(message)
    verdict = max(
        (v for v in verdicts if _is_objective(v) and v.evidence.get("champion") == champion),
        key=lambda v: (v.window.end, v.at),
        default=None,
    )
    if verdict is None:
        return Finding(state=ReleaseState.CANDIDATE, reasons=(f"not judged against {champion} yet",))
    sample = verdict.data or short(verdict.window, verdict.measurements)
    samples = release.samples + (sample != release.evidence.get("sample"))
    # The other promises of this version are shown with the evidence; they do not decide (worked-examples.md 1.8).
    warnings = tuple(_line(v) for v in verdicts if v.violated and not _is_objective(v))
    warnings += _regressions(verdict)
    state, why = _weigh(policy, verdict, samples)
    evidence: dict[str, object] = {"verdicts": [verdict.id], "champion": champion, "objective": dict(verdict.evidence)}
    return Finding(state=state, reasons=(why, *sorted(warnings)), evidence=evidence, sample=sample)


def _weigh(policy: ReleasePolicy, verdict: Verdict, samples: int) -> tuple[ReleaseState, str]:
    line = _objective_line(verdict)
    if policy.min_samples is not None and samples < policy.min_samples:
        return ReleaseState.WAITING, f"{line}; {samples} of {policy.min_samples} backtests judged"
    match verdict.status:
        case Status.SATISFIED:
            return ReleaseState.PROMOTED, line
        case Status.VIOLATED:
            return ReleaseState.REFUSED, line
        case Status.UNKNOWN:
            if policy.inconclusive == "refuse" and verdict.reason is Reason.IMPRECISE:
                return ReleaseState.REFUSED, f"{line}; inconclusive: refuse"
            if policy.max_samples is not None and samples >= policy.max_samples:
                return ReleaseState.REFUSED, f"{line}; inconclusive after {samples} backtests"
            return ReleaseState.WAITING, line


def _is_objective(verdict: Verdict) -> bool:
    return (verdict.key.subject, verdict.key.promise) == OBJECTIVE and verdict.key.group is None


def _objective_line(verdict: Verdict) -> str:
    """``better than v1 by .015 (.005 to .024)``, as far as the verdict has a value."""
    champion, low, high = (verdict.evidence.get(k) for k in ("champion", "low", "high"))
    if verdict.value is None or not isinstance(low, float) or not isinstance(high, float):
        return f"objective against {champion}: {verdict}" + (f": {verdict.cause}" if verdict.cause else "")
    better = "better" if verdict.value >= 0 else "worse"
    value = f"{verdict.metric} {abs(verdict.value):.4f} {better} than {champion} ({low:.4f} to {high:.4f})"
    return f"{value}: {verdict}"


def _regressions(verdict: Verdict) -> tuple[str, ...]:
    """The groups in which the candidate is worse beyond chance, whatever the whole says: shown, not decisive."""
    parts = verdict.evidence.get("parts")
    if not isinstance(parts, dict):
        return ()
    return tuple(
        f"worse in {name}: {verdict.metric} by {-part['mean']:.4f} ({-part['high']:.4f} to {-part['low']:.4f})"
        for name, part in sorted(parts.items())
        if isinstance(part, dict) and part.get("regresses") is True
    )


def _line(verdict: Verdict) -> str:
    return f"{verdict.key}: {verdict} at {show(verdict.value, verdict.unit)}"
