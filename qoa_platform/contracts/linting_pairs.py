"""Owns the rules about two promises at once: do they contradict each other, does one follow from the other?"""

from collections.abc import Iterator
from itertools import combinations

from qoa_platform.contracts.linting_intervals import contradicts, implies, measure
from qoa_platform.contracts.linting_setting import Finding, LintRule, Setting
from qoa_platform.records import Promise, Subject

Named = tuple[Subject, Promise, str]


def contradictory(setting: Setting) -> Iterator[Finding]:
    """Two promises on one number that can never be kept at once."""
    for one, two in _about_one_number(setting):
        if contradicts(one[1], two[1], per_column=_per_column(setting, one)):
            yield Finding(path=two[2], message=f"{_name(two)} can never be kept together with {_name(one)}")


def redundant(setting: Setting) -> Iterator[Finding]:
    """A promise that follows from another one, and neither weighs more nor has a rule of its own."""
    for strict, implied in _implied(setting):
        if not _differs(setting, strict, implied):
            said = f"{_name(implied)} holds whenever {_name(strict)} does, and nothing else follows from it"
            yield Finding(path=implied[2], message=said, hint="Remove it, or give it a severity or a rule of its own")


def implied(setting: Setting) -> Iterator[Finding]:
    """A promise that follows from another one; both are kept, as what follows from them differs."""
    for strict, loose in _implied(setting):
        if _differs(setting, strict, loose):
            said = f"{_name(loose)} holds whenever {_name(strict)} does; both are kept, as their consequences differ"
            yield Finding(path=loose[2], message=said)


def _implied(setting: Setting) -> Iterator[tuple[Named, Named]]:
    """(the stricter, the implied) promise of every pair; of two equal ones the later is implied."""
    for one, two in _about_one_number(setting):
        per_column = _per_column(setting, one)
        if implies(one[1], two[1], per_column=per_column):
            yield one, two
        elif implies(two[1], one[1], per_column=per_column):
            yield two, one


def _about_one_number(setting: Setting) -> Iterator[tuple[Named, Named]]:
    groups: dict[tuple[object, ...], list[Named]] = {}
    for named in setting.promises:
        groups.setdefault(measure(named[0], named[1]), []).append(named)
    for group in groups.values():
        yield from combinations(group, 2)


def _differs(setting: Setting, strict: Named, implied: Named) -> bool:
    """Whether *implied* has consequences that *strict* has not: it weighs more, waits longer, or other rules react."""
    if implied[1].severity.rank > strict[1].severity.rank or implied[1].streak != strict[1].streak:
        return True
    return bool(_rules(setting, implied) - _rules(setting, strict))


def _rules(setting: Setting, named: Named) -> frozenset[str]:
    subject, promise, _ = named
    return frozenset(
        rule.name for rule in setting.contract.policy
        if rule.when.subject in (None, subject.id) and rule.when.promise in (None, promise.id)
    )  # fmt: skip


def _per_column(setting: Setting, named: Named) -> bool:
    spec = setting.spec(named[1].metric)
    return spec is not None and spec.per_column


def _name(named: Named) -> str:
    return f"'{named[0].id}.{named[1].id}'"


RULES = (
    LintRule(code="E208", check=contradictory),
    LintRule(code="W310", check=redundant),
    LintRule(code="I401", check=implied),
)
