"""Owns the rules about single rules of a policy: can they fire, can each step act, could they feed themselves?"""

from collections.abc import Iterator

from qoa_platform.contracts.linting_setting import Finding, LintRule, Setting, frame_of
from qoa_platform.contracts.problem import guess
from qoa_platform.records import (
    Mode,
    Promise,
    ReactionKind,
    ReferenceKind,
    Rule,
    Severity,
    Step,
    Subject,
    SubjectKind,
    WhenStatus,
)

ON_ASSETS = frozenset({ReactionKind.RERUN, ReactionKind.TERMINATE})
ON_MODELS = frozenset({ReactionKind.RETRAIN, ReactionKind.ROLLBACK, ReactionKind.PROMOTE, ReactionKind.SHIFT})
ON_PRESETS = frozenset({ReactionKind.DEGRADE, ReactionKind.UPGRADE})
FEEDING = frozenset({ReactionKind.RERUN, ReactionKind.RETRAIN, ReactionKind.START_WORKFLOW})
BOUND = frozenset({ReactionKind.ROLLBACK, ReactionKind.TERMINATE})
"""Steps bound to a version or a run: a rule that takes one first cannot go round in circles (semantics 19)."""
UNPERFORMED = frozenset({
    ReactionKind.REJECT, ReactionKind.REROUTE, ReactionKind.SHIFT, ReactionKind.SCALE, ReactionKind.START_WORKFLOW,
})  # fmt: skip
"""Steps that wait for serving, workflows or elastic resources."""


def steps(setting: Setting) -> Iterator[tuple[Rule, int, Step, str]]:
    """Every step of every rule, with its path."""
    for rule in setting.contract.policy:
        for index, step in enumerate(rule.steps):
            yield rule, index, step, f"policy.{rule.name}.do.{index}"


def unknown_target_asset(setting: Setting) -> Iterator[Finding]:
    """A step on an asset that nothing produces."""
    for _, _, step, path in steps(setting):
        if step.target is None or step.target in setting.assets:
            continue
        if step.kind in ON_ASSETS:
            yield Finding(
                path=path, message=f"no asset {step.target!r} is defined", hint=guess(step.target, setting.assets)
            )
        elif step.kind is ReactionKind.HOLD and step.target not in setting.models:
            known = setting.assets | setting.models
            yield Finding(path=path, message=f"{step.target!r} is no asset or model", hint=guess(step.target, known))


def unknown_target_model(setting: Setting) -> Iterator[Finding]:
    """A step on a model that no contract is about and no asset trains."""
    known = setting.models | setting.services | setting.released
    for _, _, step, path in steps(setting):
        if step.kind in ON_MODELS and step.target is not None and step.target not in known:
            yield Finding(path=path, message=f"there is no model {step.target!r}", hint=guess(step.target, known))


def no_presets(setting: Setting) -> Iterator[Finding]:
    """A step to another preset of an asset that has none, or only one."""
    presets = {p.asset: p.names for p in setting.contract.presets}
    for rule, _, step, path in steps(setting):
        for asset in _assets(setting, rule, step) if step.kind in ON_PRESETS else ():
            if len(presets.get(asset, ())) < 2:  # noqa: PLR2004
                said = f"{asset} has {'one preset' if asset in presets else 'no presets'} to choose from"
                yield Finding(path=path, message=said, hint=f"As in: presets: {{{asset}: [poor, high]}}")


def _assets(setting: Setting, rule: Rule, step: Step) -> tuple[str, ...]:
    if step.target is not None:
        return (step.target,)
    return tuple(s.asset for s in setting.named_by(rule) if s.asset is not None) if rule.when.subject else ()


def self_feeding(setting: Setting) -> Iterator[Finding]:
    """A rule that could set itself off for ever (rerun → violated → rerun) without ``attempts`` or ``cooldown``."""
    for rule, index, step, path in steps(setting):
        if step.kind not in FEEDING or rule.cooldown is not None or any(s.kind in BOUND for s in rule.steps[:index]):
            continue
        if step.attempts > 1 or setting.contract.line(f"{path}.attempts") is not None:
            continue
        fed = next((f"{s.id}.{p.id}" for s, p in setting.promises_of(rule) if _feeds(setting, step, s, p)), None)
        if fed is not None:
            said = f"{step.kind} may be followed by {fed} {rule.when.status}, which sets the rule off again"
            yield Finding(path=path, message=said, hint="Add attempts (to the step) or cooldown (to the rule)")


def _feeds(setting: Setting, step: Step, subject: Subject, promise: Promise) -> bool:
    """Whether *step* may change what *promise* reads. Where the graph does not tell, it may."""
    if step.kind is ReactionKind.START_WORKFLOW:
        return True
    read = {a for a in (frame_of(subject, promise), subject.asset, *subject.run, *subject.through) if a is not None}
    if step.kind is ReactionKind.RETRAIN:
        model = step.target or subject.model
        if model == subject.model or (promise.reference and promise.reference.kind is ReferenceKind.TRAINING):
            return True
        start = setting.graph.trainer(model) if setting.graph is not None and model is not None else None
    else:
        start = step.target or subject.asset
    if setting.graph is None or start is None or start not in setting.assets:
        return True
    return bool(read & {start, *setting.graph.below(start)})


def upgrade_without_cooldown(setting: Setting) -> Iterator[Finding]:
    """``on_recovery: upgrade`` without ``cooldown``: presets would flap."""
    for rule in setting.contract.policy:
        if rule.on_recovery == "upgrade" and rule.cooldown is None:
            said = "on_recovery: upgrade needs a cooldown, for which the preset that was left is barred"
            yield Finding(path=f"policy.{rule.name}.on_recovery", message=said, hint="As in: cooldown: 7 d")


def nothing_to_recover(setting: Setting) -> Iterator[Finding]:
    """``on_recovery:`` of a rule that takes no step which could be undone."""
    undone = {"upgrade": ReactionKind.DEGRADE, "release": ReactionKind.HOLD}
    for rule in setting.contract.policy:
        wanted = undone.get(rule.on_recovery or "")
        if wanted is not None and all(step.kind is not wanted for step in rule.steps):
            said = f"on_recovery: {rule.on_recovery} undoes a {wanted}, and the rule has none"
            yield Finding(path=f"policy.{rule.name}.on_recovery", message=said, hint=f"Add {wanted}, or remove it")


def nothing_to_go_back_to(setting: Setting) -> Iterator[Finding]:
    """A rollback of a model without ``release:``, or whose release keeps no version but the champion's."""
    kept = {c.release.model: c.release.keep for c in setting.project if c.release is not None}
    for rule, _, step, path in steps(setting):
        for model in _models(setting, rule, step) if step.kind is ReactionKind.ROLLBACK else ():
            if model not in kept:
                said, hint = f"model {model!r} has no release: there is no version to go back to", "Add release:"
            elif kept[model] < 2:  # noqa: PLR2004
                said, hint = (
                    f"the release of {model!r} keeps the champion only",
                    "As in: rollback: {to: last_good, keep: 2}",
                )
            else:
                continue
            yield Finding(path=path, message=said, hint=hint)


def _models(setting: Setting, rule: Rule, step: Step) -> tuple[str, ...]:
    if step.target is not None:
        return (step.target,)
    return tuple(s.model for s in setting.named_by(rule) if s.model is not None)


def never_fires(setting: Setting) -> Iterator[Finding]:
    """A rule whose condition no promise can meet: ``blocked`` where nothing gates, a severity that nothing has."""
    for rule in setting.contract.policy:
        named = [(p.severity, _gates(setting, s, p)) for s, p in setting.promises_of(rule)]
        if rule.when.promise in (None, "schema") and any(s.schema is not None for s in setting.named_by(rule)):
            named.append((Severity.CRITICAL, True))
        wanted = [gates for severity, gates in named if rule.when.severity in (None, severity)]
        if not wanted:
            said = f"{rule.when.text!r} is never met: no promise that it names is {rule.when.severity or 'there'}"
            yield Finding(path=f"policy.{rule.name}.when", message=said)
        elif rule.when.status is WhenStatus.BLOCKED and not any(wanted):
            said = f"{rule.when.text!r} is never met: no promise that it names keeps anything from being published"
            hint = "Only critical promises on an asset's own frame block; write violated"
            yield Finding(path=f"policy.{rule.name}.when", message=said, hint=hint)


def _gates(setting: Setting, subject: Subject, promise: Promise) -> bool:
    """Whether *promise* can block publishing (semantics 12)."""
    enforced = Mode.OBSERVE not in (setting.contract.mode, promise.mode)
    return promise.critical and enforced and subject.kind is SubjectKind.ASSET and promise.over is None


def never_acts(setting: Setting) -> Iterator[Finding]:
    """A step that has nothing to act on, whatever happens."""
    for rule, _, step, path in steps(setting):
        subjects = setting.named_by(rule)
        if subjects and not any(_acts(step, subject) for subject in subjects):
            said = f"{step.kind} has nothing to act on: {_about(rule)}"
            yield Finding(path=path, message=said, hint="Name its target, or remove the step")


def _acts(step: Step, subject: Subject) -> bool:
    if step.kind is ReactionKind.QUARANTINE:
        return subject.kind is SubjectKind.ASSET
    if step.target is not None or step.kind is ReactionKind.ALERT or step.kind in UNPERFORMED:
        return True
    if step.kind is ReactionKind.TERMINATE:
        return subject.kind is SubjectKind.RUN
    if step.kind in ON_MODELS:
        return subject.model is not None
    return subject.asset is not None or (step.kind is ReactionKind.HOLD and subject.model is not None)


def _about(rule: Rule) -> str:
    return (
        "no subject is of that kind"
        if rule.when.subject is None
        else f"subject {rule.when.subject!r} is not of that kind"
    )


def not_performed(setting: Setting) -> Iterator[Finding]:
    """A step that is read, but that nothing performs yet."""
    for _, _, step, path in steps(setting):
        if step.kind in UNPERFORMED:
            yield Finding(path=path, message=f"nothing performs {step.kind} yet: it is planned, shown and skipped")


RULES = (
    LintRule(code="E210", check=unknown_target_asset, needs_graph=True),
    LintRule(code="E211", check=unknown_target_model),
    LintRule(code="E212", check=no_presets),
    LintRule(code="E213", check=self_feeding),
    LintRule(code="E214", check=upgrade_without_cooldown),
    LintRule(code="E215", check=nothing_to_go_back_to),
    LintRule(code="W311", check=never_fires),
    LintRule(code="W312", check=never_acts),
    LintRule(code="W313", check=nothing_to_recover),
    LintRule(code="I403", check=not_performed),
)
