"""Owns wishes: every step that some rule asks for in this world, with why it may be taken now or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from qoa_platform.reactions.asking import Asked, asked_by, was_observed
from qoa_platform.reactions.episodes import find_promise, is_bad, may_open, verdicts_by_key
from qoa_platform.reactions.matching import long_enough, matched, meets, names, observed
from qoa_platform.reactions.steps import targets
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    ACTIVE,
    RUN_BACKED,
    Episode,
    Reaction,
    ReactionKind,
    Rule,
    RunView,
    Severity,
    Step,
    Target,
    Verdict,
    Why,
)

DEFERRED_BY_HOLD = frozenset({ReactionKind.RERUN, ReactionKind.RETRAIN, ReactionKind.PROMOTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One step on one target for one episode. *why* says what speaks for it, or, when not *taken*, against it.

    *also* lists who else asked for it, once equal wishes have coalesced.
    """

    rule: str
    step: int
    kind: ReactionKind
    target: Target
    subject: str
    cause: str
    serves: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING
    firing: int = 1
    attempts: int = 1
    backoff: timedelta = timedelta(0)
    taken: bool = True
    why: Why
    detail: str = ""
    observed: bool = False
    evidence: dict[str, object] = field(default_factory=dict)
    also: tuple[Asked, ...] = ()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Everybody who asks for it."""
        return ((self.cause, self.rule, self.subject), *self.also)


def wishes(world: World) -> Iterator[Wish]:
    """All steps of all rules on all open episodes: most severe first, then as the policy has them (semantics 16)."""
    ordered = sorted((e for e in world.episodes if e.open), key=lambda e: (-e.severity.rank, str(e.key), e.opened_at))
    by_key = verdicts_by_key(world, {e.key for e in ordered}) if ordered else {}
    for episode in ordered:
        current = by_key.get(episode.key, ())
        bad = tuple(v for v in current if v.window in episode.windows and is_bad(world, v))
        for rule in world.contract.policy:
            found = matched(world.contract, rule, episode, bad)
            if found:
                ripe = long_enough(rule.when, episode, found, current, world.at)
                yield from _rule_wishes(world, rule, episode, found, ripe=ripe)


def _rule_wishes(world: World, rule: Rule, episode: Episode, found: Sequence[Verdict], *, ripe: bool) -> Iterator[Wish]:
    for index, step in enumerate(rule.steps):
        places = targets(world, episode, step, found)
        if not places:
            yield replace(_wish(world, rule, index, episode), taken=False, why=Why.NO_TARGET)
        for place in places:
            wish = replace(_wish(world, rule, index, episode), target=place)
            if not ripe:
                yield replace(wish, taken=False, why=Why.NOT_YET)
            else:
                yield _judged(world, rule, wish, episode, found)


def _wish(world: World, rule: Rule, index: int, episode: Episode) -> Wish:
    step: Step = rule.steps[index]
    return Wish(
        rule=rule.name, step=index, kind=step.kind, target=Target(episode=episode.id), subject=episode.key.subject,
        cause=episode.id, serves=(episode.id,), severity=episode.severity, attempts=step.attempts,
        backoff=step.backoff, why=Why.OPENED, detail=str(episode.key),
        observed=observed(world.contract, episode.key),
    )  # fmt: skip


def _judged(world: World, rule: Rule, wish: Wish, episode: Episode, found: Sequence[Verdict]) -> Wish:
    """Whether this step is taken now: what was done already, cool-down, holds, active runs."""
    wish = replace(wish, detail=f"{episode.key} {found[-1]} in {found[-1].window}")
    before = [r for r in world.reactions if episode.id in r.serves and _equal(r, rule, wish)]
    served = [r for r in before if wish.observed or not was_observed(r)]
    last = _last_firing(world, rule, wish)
    wish = replace(wish, firing=1 + len(before), why=Why.FIRES_AGAIN if served else Why.OPENED)
    if rule.cooldown is not None and last is not None and world.at - last < rule.cooldown:
        return replace(wish, taken=False, why=Why.ALREADY if served else Why.COOLING_DOWN)
    if served and rule.cooldown is None:
        return replace(wish, taken=False, why=Why.ALREADY)
    refusal = _refusal(world, wish, found)
    return wish if refusal is None else replace(wish, taken=False, why=refusal)


def _equal(reaction: Reaction, rule: Rule, wish: Wish) -> bool:
    """Whether *reaction* is this step, asked for by this rule: an alert tells an episode once, whatever it is about."""
    if reaction.kind is not wish.kind or not asked_by(reaction, rule.name):
        return False
    return wish.kind is ReactionKind.ALERT or reaction.target == wish.target


def _last_firing(world: World, rule: Rule, wish: Wish) -> datetime | None:
    """When *rule* last fired for the subject: cool-down is per rule and subject, and spans episodes (semantics 14)."""
    fired = (r for r in world.reactions if asked_by(r, rule.name, wish.subject))
    return max((r.at for r in fired if wish.observed or not was_observed(r)), default=None)


def _refusal(world: World, wish: Wish, found: Sequence[Verdict]) -> Why | None:
    place = wish.target
    if any(r.kind is wish.kind and r.target == place and not world.final(r) for r in world.reactions):
        return None  # it joins what is in flight, and waits with it
    if wish.kind in RUN_BACKED and found[-1].key.version is not None:
        return None  # the episode of a version ends with its rollback: written now, its request waits (request_of)
    if wish.kind in DEFERRED_BY_HOLD and world.hold(place.asset, place.model) is not None:
        return Why.HELD
    if wish.kind is ReactionKind.RETRAIN and world.hold(world.graph.trainer(place.model or "")) is not None:
        return Why.HELD
    if wish.kind is ReactionKind.RERUN and active_run(world, place) is not None:
        return Why.ACTIVE_RUN
    if wish.kind is ReactionKind.DEGRADE:
        return _no_degrade(world, place, found)
    return None


def active_run(world: World, place: Target, *, beside: str | None = None) -> RunView | None:
    """An active run of that asset and partition, other than those of the reaction *beside*."""
    return next(
        (
            run
            for run in world.runs
            if run.state in ACTIVE
            and place.asset in run.assets
            and run.partition == place.partition
            and (beside is None or run.reaction != beside)
        ),
        None,
    )


def _no_degrade(world: World, place: Target, found: Sequence[Verdict]) -> Why | None:
    """No cheaper preset, or no violation since the last move (violated *again* leads to the next cheaper one)."""
    names = next((p.names for p in world.contract.presets if p.asset == place.asset), ())
    if not names or place.preset == names[0]:
        return Why.CHEAPEST
    moves = [
        r.at
        for r in world.reactions
        if r.kind is ReactionKind.DEGRADE and r.target.asset == place.asset and not was_observed(r)
    ]
    if moves and all(v.at <= max(moves) for v in found):
        return Why.ALREADY
    return None


def passed_over(world: World) -> Iterator[Wish]:
    """What history would have caused: steps that are not taken because history does not react (semantics 11)."""
    held = {(e.key, w) for e in world.episodes for w in e.windows}
    for key, verdicts in sorted(verdicts_by_key(world).items(), key=lambda item: str(item[0])):
        old = [v for v in verdicts if (key, v.window) not in held and not may_open(world, v) and is_bad(world, v)]
        if not old or find_promise(world.contract, key) is None:
            continue
        for rule in world.contract.policy:
            count = sum(names(rule.when, key) and meets(world.contract, rule.when, v) for v in old)
            for index, step in enumerate(rule.steps if count else ()):
                yield Wish(
                    rule=rule.name, step=index, kind=step.kind, target=Target(), subject=key.subject, cause="",
                    taken=False, why=Why.HISTORY, detail=f"{key}: windows: {count}",
                )  # fmt: skip
