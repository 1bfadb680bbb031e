"""Owns the rule about steps that always lose: in the published order something stronger always comes with them."""

from collections.abc import Iterator

from qoa_platform.contracts.linting_setting import Finding, LintRule, Setting
from qoa_platform.records import CONFLICTS, ReactionKind, Rule, Step, Subject, When


def always_loses(setting: Setting) -> Iterator[Finding]:
    """A step (or a whole rule) that is always superseded: a stronger one on the same thing always comes with it."""
    for rule in setting.contract.policy:
        lost = {i: w for i, step in enumerate(rule.steps) if (w := _winner(setting, rule, step)) is not None}
        if lost and len(lost) == len(rule.steps):
            stronger = " and ".join(dict.fromkeys(lost.values()))
            said = f"every step of the rule always loses to {stronger}: it never does anything"
            yield Finding(path=f"policy.{rule.name}", message=said, hint="Remove the rule, or change its condition")
            continue
        for index, stronger in lost.items():
            said = f"{rule.steps[index].kind} is never reached: it always loses to {stronger}"
            yield Finding(path=f"policy.{rule.name}.do.{index}", message=said, hint="Remove the step")


def _winner(setting: Setting, rule: Rule, step: Step) -> str | None:
    """A step that is wished whenever *step* is, on the same thing, and stands before it in the published order."""
    for other in setting.contract.policy:
        if other.name != rule.name and not _comes_with(other, rule):
            continue
        for rival in other.steps:
            if rival is not step and _beats(setting, rule, rival, step):
                where = "" if other.name == rule.name else f" of rule {other.name!r}"
                return f"{rival.kind}{where}"
    return None


def _comes_with(stronger: Rule, rule: Rule) -> bool:
    """Whether *stronger* fires whenever *rule* does."""
    one, two = stronger.when, rule.when
    named = one.subject in (None, two.subject) and one.promise in (None, two.promise)
    if two.subject is None and one.subject is not None:
        named = False
    status = one.status == two.status and one.severity in (None, two.severity)
    reasons = not one.reasons or (bool(two.reasons) and set(two.reasons) <= set(one.reasons))
    return named and status and reasons and _no_later(one, two) and _no_rarer(stronger, rule)


def _no_later(one: When, two: When) -> bool:
    """Whether *one* waits no longer: windows and times are not comparable, but one window is the least there is."""
    if isinstance(one.streak, int) and isinstance(two.streak, int):
        return one.streak <= two.streak
    if isinstance(one.streak, int) or isinstance(two.streak, int):
        return one.streak == 1
    return one.streak <= two.streak


def _no_rarer(stronger: Rule, rule: Rule) -> bool:
    """Whether a cool-down never keeps *stronger* from firing along with *rule*."""
    if stronger.cooldown is None:
        return rule.cooldown is None
    return rule.cooldown is not None and rule.cooldown >= stronger.cooldown


def _beats(setting: Setting, rule: Rule, rival: Step, step: Step) -> bool:
    subjects = setting.named_by(rule) if rule.when.subject is not None else ()
    places = subjects or (None,)
    return all(_beats_at(setting, rival, step, subject) for subject in places)


def _beats_at(setting: Setting, rival: Step, step: Step, subject: Subject | None) -> bool:
    theirs, ours = _things(setting, rival, subject), _things(setting, step, subject)
    for scope, order in CONFLICTS:
        same = theirs.get(scope) is not None and theirs.get(scope) == ours.get(scope)
        if same and order.index(rival.kind) < order.index(step.kind):
            return True
    return False


def _things(setting: Setting, step: Step, subject: Subject | None) -> dict[str, str | None]:
    """What *step* touches, by scope: an asset, a model, a preset; a retrain touches its model's asset."""
    own_asset, own_model = (subject.asset, subject.model) if subject is not None else (None, None)
    found: dict[str, str | None] = {}
    for scope, order in CONFLICTS:
        if step.kind not in order:
            continue
        if step.kind is ReactionKind.RETRAIN:
            model = step.target or own_model
            found[scope] = setting.graph.trainer(model) if setting.graph is not None and model is not None else None
        elif step.kind is ReactionKind.HOLD:
            name = step.target or own_asset or own_model
            found[scope] = name if (scope == "model") == (name in setting.models) else None
        else:
            found[scope] = step.target or (own_model if scope == "model" else own_asset)
    return found


RULES = (LintRule(code="W314", check=always_loses),)
