"""Owns the rules about releases: can there be a first champion, is evidence paired fairly, is there one way a model?"""

from collections.abc import Iterator

from qoa_platform.contracts.linting_setting import Finding, LintRule, Setting
from qoa_platform.records import Contract, ReleasePolicy


def second_release(setting: Setting) -> Iterator[Finding]:
    """A second ``release:`` of one model in a project."""
    mine = setting.contract.release
    for other in setting.beside if mine is not None else ():
        if mine is not None and other.release is not None and other.release.model == mine.model:
            said = f"contract {other.name!r} releases model {mine.model!r} too"
            yield Finding(path="release.model", message=said, hint="One release per model: remove one")


def second_name(setting: Setting) -> Iterator[Finding]:
    """Two contracts of one name: only one of them could be in force."""
    for other in setting.beside:
        if other.name == setting.contract.name:
            yield Finding(
                path="name", message=f"{other.source} is called {other.name!r} too", hint="Choose another name"
            )


def no_first_champion(setting: Setting) -> Iterator[Finding]:
    """A release in which nobody can become the first champion: no promise on the model is read over its backtest."""
    contract, release = setting.contract, setting.contract.release
    if release is None or not _offline(release):
        return
    over = release.objective.over
    if over is None:
        yield Finding(
            path="release.objective", message="a backtest is read over an asset", hint="As in: over: retail/backtest"
        )
    elif not _backtested(contract, release):
        said = f"no promise on model {release.model!r} is read over {over}: no version can become the first champion"
        yield Finding(path="release.first", message=said, hint=f"Promise something of the model, over: {over}")


def _offline(release: ReleasePolicy) -> bool:
    return any(stage.name == "backtest" for stage in release.stages)


def _backtested(contract: Contract, release: ReleasePolicy) -> bool:
    promises = [p for s in contract.subjects if s.model == release.model for p in s.promises]
    return any(p.over is not None and p.over == release.objective.over for p in promises)


def nothing_paired(setting: Setting) -> Iterator[Finding]:
    """A backtest without ``pair_by:``: there is no paired evidence, and no candidate is ever promoted."""
    release = setting.contract.release
    if release is not None and _offline(release) and not release.objective.pair_by:
        said = "without pair_by there is no paired evidence: every candidate waits for ever"
        yield Finding(path="release.objective", message=said, hint="As in: pair_by: [week, department]")


def random_split(setting: Setting) -> Iterator[Finding]:
    """Evidence that ignores the groups of the data: rows of one group stand on both sides, which flatters."""
    release = setting.contract.release
    if release is None or not release.objective.pair_by:
        return
    over = release.objective.over
    groups = {p.by for _, p, _ in setting.promises if p.by is not None and p.over == over}
    groups |= {column for s in setting.contract.subjects for column in s.segments}
    if groups and not groups & set(release.objective.pair_by):
        said = f"the data has groups ({', '.join(sorted(groups))}), and evidence is not paired by them"
        hint = f"As in: pair_by: [{', '.join((*release.objective.pair_by, min(groups)))}]"
        yield Finding(path="release.objective.pair_by", message=said, hint=hint)


def nobody_released(setting: Setting) -> Iterator[Finding]:
    """A release of something that no subject is about."""
    release = setting.contract.release
    known = {name for s in setting.contract.subjects for name in (s.model, s.service) if name is not None}
    if release is not None and release.model not in known:
        said = f"no subject is about {release.model!r}, which is released"
        hint = f"Subjects are about: {', '.join(sorted(known)) or 'no model'}"
        yield Finding(path="release.model", message=said, hint=hint)


def inert_keys(setting: Setting) -> Iterator[Finding]:
    """Stages and keys that wait for serving: read and kept, without effect."""
    release = setting.contract.release
    if release is None:
        return
    stages = [stage.name for stage in release.stages if stage.name not in ("backtest", "full")]
    if stages:
        said = f"stage {stages[0]} needs serving, which is not there yet: candidates wait before it"
        yield Finding(path="release.stages", message=said)
    if release.serving:
        said = f"without serving these keys have no effect: {', '.join(sorted(key for key, _ in release.serving))}"
        yield Finding(path="release", message=said)


RULES = (
    LintRule(code="E216", check=second_release),
    LintRule(code="E217", check=second_name),
    LintRule(code="E218", check=no_first_champion),
    LintRule(code="E219", check=nothing_paired),
    LintRule(code="W315", check=random_split),
    LintRule(code="W316", check=nobody_released),
    LintRule(code="I404", check=inert_keys),
)
