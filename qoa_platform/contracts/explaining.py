"""Owns the explanation of a contract: what promises mean, what gates, which rule follows, how a model is released."""

from collections.abc import Iterator

from qoa_platform.contracts import wording
from qoa_platform.contracts.problem import listed
from qoa_platform.contracts.promises import Catalogue
from qoa_platform.contracts.reading import EVERY_METRIC, SCHEMA_PROMISE
from qoa_platform.records import (
    Contract,
    Mode,
    Promise,
    ReleasePolicy,
    Rule,
    Severity,
    Subject,
    SubjectKind,
    Unit,
    WhenStatus,
    show,
)

_MARK = {True: "gates ", False: "      "}


def explain(contract: Contract, *, catalogue: Catalogue = EVERY_METRIC) -> str:
    """The contract in words, for people who did not write it: one block per subject, the rules, the release.

    ``gates`` marks a promise that keeps a candidate from being published. Under each promise stand the rules that its
    verdicts set off; where none does, that is said.
    """
    blocks = [_head(contract)]
    blocks += [_subject(contract, subject, catalogue) for subject in contract.subjects]
    if contract.policy:
        blocks.append(["Rules", *(line for rule in contract.policy for line in _rule(contract, rule))])
    if contract.release is not None:
        blocks.append(_release(contract, contract.release, catalogue))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(contract: Contract) -> list[str]:
    bound = ", ".join(f"{s.name} ({s.role.replace('_', ' ')})" for s in contract.stakeholders) or "nobody"
    acts = (
        "It acts"
        if contract.mode is Mode.ENFORCE
        else "It only observes: plans are recorded, nothing but alerts is done"
    )
    lines = [
        f"Contract {contract.name}, version {contract.version} ({contract.digest[:12]}), owned by {contract.owner}",
        f"  It binds {bound}.",
        f"  {acts}. Windows that ended more than {wording.how_long(contract.react_within)} ago do not react.",
    ]
    return [*lines, f"  What to do: {contract.runbook}"] if contract.runbook else lines


def _subject(contract: Contract, subject: Subject, catalogue: Catalogue) -> list[str]:
    lines = [f"{subject.id}: {_what(subject)}"]
    if subject.expected is not None:
        due = "every day" if subject.expected == "daily" else f"by {subject.expected!r}"
        late = f", {wording.how_long(subject.delay)} after its end" if subject.delay else ""
        lines.append(f"  A window is due {due}{late}, also when nothing arrives.")
    if subject.where is not None:
        lines.append(f"  Only rows where {subject.where}.")
    if subject.segments:
        lines.append(
            f"  Shown for each {listed(subject.segments)}; only the whole is judged, unless a promise says by."
        )
    if subject.schema is not None:
        told = f"the columns, types and values of {subject.schema.ref}{wording.set_aside(subject.set_aside)}"
        lines += _promise_lines(contract, subject, SCHEMA_PROMISE, told, Severity.CRITICAL, gates=True)
    for promise in subject.promises:
        gates = (
            promise.critical
            and promise.over is None
            and subject.kind is SubjectKind.ASSET
            and _enforced(contract, promise)
        )
        told = sentence(promise, catalogue)
        lines += _promise_lines(contract, subject, promise.id, told, promise.severity, gates=gates)
    return lines


def _enforced(contract: Contract, promise: Promise) -> bool:
    return Mode.OBSERVE not in (contract.mode, promise.mode)


def _what(subject: Subject) -> str:
    match subject.kind:
        case SubjectKind.ASSET:
            each = ", one window a UTC day" if subject.partition is not None else ""
            at = f" of {subject.event_time}" if subject.event_time and each else ""
            return f"asset {subject.asset}{each}{at}"
        case SubjectKind.MODEL:
            trained = f", trained by {subject.asset}" if subject.asset else ""
            on = f" on the last {wording.how_long(subject.train_on)}" if subject.train_on else ""
            return f"model {subject.model}{trained}{on}"
        case SubjectKind.SERVICE:
            return f"service {subject.service}"
        case SubjectKind.RUN:
            return f"runs of {' and '.join(subject.run)}, summed"
        case SubjectKind.CHAIN:
            return f"the chain {' → '.join(subject.through)}, end to end"


def sentence(promise: Promise, catalogue: Catalogue = EVERY_METRIC) -> str:
    """One promise in one sentence.

    >>> from qoa_platform.records import Fixed, Operator
    >>> sentence(Promise(id="p", metric="data.row_count", must=Fixed(operator=Operator.GE, bound=9, text=">= 9")))
    'data.row_count is at least 9'
    """
    spec = catalogue.get(promise.metric)
    unit = spec.unit if spec is not None else Unit.ONE
    parts = [promise.metric, wording.read_of(promise), wording.bound(promise.must, unit)]
    said = " ".join(part for part in parts if part)
    if promise.reference is not None:
        said += f", compared with {wording.compared_with(promise.reference)}"
    if promise.by is not None:
        said += f"; for each {promise.by} too"
    said += wording.set_aside(promise.set_aside) + wording.discoveries(promise.fdr)
    if promise.min_n is not None:
        said += f"; below {promise.min_n} it is unknown"
    if promise.streak != 1:
        said += f"; an episode opens when it is violated{wording.lasting(promise.streak)}"
    return said


def _promise_lines(
    contract: Contract, subject: Subject, promise: str, told: str, severity: Severity, *, gates: bool
) -> list[str]:
    follows: dict[WhenStatus, list[str]] = {}
    for rule in contract.policy:
        when = rule.when
        named = when.subject in (None, subject.id) and when.promise in (None, promise)
        if named and when.severity in (None, severity) and (gates or when.status is not WhenStatus.BLOCKED):
            follows.setdefault(when.status, []).append(rule.name)
    told_rules = "; ".join(f"{status} → {', '.join(names)}" for status, names in follows.items())
    reactions = told_rules or "no rule follows: it is recorded and shown"
    return [f"  {_MARK[gates]}{promise:<10} {told}", f"                   {reactions}"]


def _rule(contract: Contract, rule: Rule) -> Iterator[str]:
    subject = contract.subject(rule.when.subject) if rule.when.subject is not None else None
    own = (subject.asset or subject.model or subject.id) if subject is not None else "the subject"
    done = ", then ".join(wording.action(step, own) for step in rule.steps)
    yield f"  {rule.name}: {wording.condition(rule.when)}: {done}."
    more = wording.afterwards(rule)
    if more:
        yield f"    {more[0].upper()}{more[1:]}."


def _release(contract: Contract, release: ReleasePolicy, catalogue: Catalogue) -> list[str]:
    objective = release.objective
    spec = catalogue.get(objective.metric)
    over = f" over {objective.over}" if objective.over is not None else ""
    paired = f", paired by {' and '.join(objective.pair_by)}" if objective.pair_by else ""
    margin = wording.margin(objective.margin, spec.unit if spec is not None else Unit.ONE)
    better = (
        f"better than the champion's by more than {margin}" if objective.margin.value else "better than the champion's"
    )
    waits = "it waits and is judged again with new evidence" if release.inconclusive == "wait" else "it is refused"
    sure = show(objective.confidence, Unit.RATIO)
    limit = f", and is refused after {release.max_samples} times" if release.max_samples is not None else ""
    return [
        f"Release of {release.model}",
        f"  A version's way: candidate → {' → '.join(_stage(s.name, s.amount, s.unit) for s in release.stages)}.",
        *_first(contract, release),
        f"  A challenger is promoted when its {objective.metric}{over}{paired}",
        f"  is {better}, with {sure} confidence.",
        f"  Surely worse, it is refused; undecided, {waits}{limit}.",
        f"  A rollback goes to {release.rollback_to.replace('_', ' ')}; {release.keep} versions stay loadable.",
    ]


def _first(contract: Contract, release: ReleasePolicy) -> list[str]:
    """Who becomes the first champion, where a backtest decides that."""
    if all(stage.name != "backtest" for stage in release.stages):
        return []
    over = release.objective.over
    promises = [p.id for s in contract.subjects if s.model == release.model for p in s.promises if p.over == over]
    named = ", ".join(promises) or "there is none"
    return [f"  First champion: what can be judged of its promises over the backtest is kept ({named}), and one is."]


def _stage(name: str, amount: float | None, unit: Unit | None) -> str:
    if name == "full":
        return "champion"
    return (
        name
        if amount is None
        else f"{name} ({show(amount, unit or Unit.ONE)}{' requests' if name == 'shadow' else ''})"
    )
