"""Owns ``decide()``: what follows from the ledger as it stands, as a plan with reasons. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from qoa_platform.reactions.conflicts import losers
from qoa_platform.reactions.episodes import fold_episodes
from qoa_platform.reactions.followups import followups
from qoa_platform.reactions.releasing import release_wishes
from qoa_platform.reactions.wishes import Wish, wishes
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Choice,
    Episode,
    Outcome,
    OutcomeState,
    Plan,
    Reaction,
    ReactionKind,
    Why,
)


def decide(world: World) -> Plan:
    """The plan for one contract: revisions of episodes and releases, new reactions, and why each step was taken or not.

    Level-triggered: it remembers nothing. When its plan is written and it is called again, the plan is empty.

    Episodes are folded first; then every matching rule contributes (most severe first); equal steps on one target
    coalesce; the published order resolves conflicts. The order of *reactions* is the order of performance: alerts come
    last, for nothing is told before it is done (decision 13).
    """
    episodes = fold_episodes(world)
    world = replace(world, episodes=merged(world.episodes, episodes))
    releases, promotions = release_wishes(world)
    every = [*wishes(world), *promotions, *followups(world)]
    taken = [w for w in every if w.taken]
    refused = [_choice(w) for w in every if not w.taken]
    joined, fresh = _join(world, _coalesce(taken))
    reactions, outcomes, choices = _built(world, fresh)
    return Plan(
        contract=world.contract.name,
        contract_digest=world.contract.digest,
        episodes=episodes,
        releases=releases,
        reactions=(*joined, *sorted(reactions, key=lambda r: r.kind is ReactionKind.ALERT)),
        outcomes=tuple(outcomes),
        choices=(*choices, *[_joined_choice(r) for r in joined], *refused),
    )


def merged(known: Sequence[Episode], changed: Sequence[Episode]) -> tuple[Episode, ...]:
    """*known* with the revisions in *changed* put in their places."""
    return tuple({e.id: e for e in (*known, *changed)}.values())


@dataclass(frozen=True, slots=True)
class _Place:
    kind: ReactionKind
    where: object


def _coalesce(taken: Sequence[Wish]) -> list[Wish]:
    """Equal steps on one target become one that serves every episode (semantics 15).

    Alerts of one evaluation about one subject are one, whatever promises they are about.
    """
    heads: dict[_Place, Wish] = {}
    for wish in taken:
        where: object = wish.target
        if wish.kind is ReactionKind.ALERT:
            follow = wish.cause if wish.rule.startswith("(") else None
            where = (wish.subject, follow)
        place = _Place(wish.kind, where)
        head = heads.get(place)
        if head is None:
            heads[place] = wish
        else:
            heads[place] = replace(head, serves=tuple(dict.fromkeys((*head.serves, *wish.serves))))
    return list(heads.values())


def _join(world: World, fresh: Sequence[Wish]) -> tuple[list[Reaction], list[Wish]]:
    """Wishes whose step is already in flight join it; the others are new."""
    flying = {(r.kind, r.target): r for r in world.reactions if not world.final(r)}
    joined: list[Reaction] = []
    new: list[Wish] = []
    for wish in fresh:
        reaction = flying.get((wish.kind, wish.target))
        if reaction is None or wish.kind is ReactionKind.ALERT:
            new.append(wish)
        elif not set(wish.serves) <= set(reaction.serves):
            serves = tuple(dict.fromkeys((*reaction.serves, *wish.serves)))
            joined.append(replace(reaction, serves=serves, revision=reaction.revision + 1))
    return joined, new


def _built(world: World, fresh: Sequence[Wish]) -> tuple[list[Reaction], list[Outcome], list[Choice]]:
    lost = losers(world, fresh)
    reactions: list[Reaction] = []
    outcomes: list[Outcome] = []
    choices: list[Choice] = []
    for index, wish in enumerate(fresh):
        winner = lost.get(index)
        if winner is not None and wish.kind is ReactionKind.PROMOTE:
            choices.append(_choice(replace(wish, taken=False, why=Why.CONFLICT, detail=f"waits for {winner.kind}")))
            continue
        reaction = _reaction(world, wish)
        reactions.append(reaction)
        if winner is not None:
            detail = f"loses to {winner.kind} of {winner.target}"
            outcomes.append(_known(world, reaction, OutcomeState.SUPERSEDED, detail))
            wish = replace(wish, taken=False, why=Why.CONFLICT, detail=detail)  # noqa: PLW2901
        elif wish.observed and wish.kind is not ReactionKind.ALERT:
            outcomes.append(_known(world, reaction, OutcomeState.SKIPPED, "mode: observe"))
            wish = replace(wish, taken=False, why=Why.OBSERVED)  # noqa: PLW2901
        choices.append(_choice(wish, reaction.id))
    return reactions, outcomes, choices


def _known(world: World, reaction: Reaction, state: OutcomeState, detail: str) -> Outcome:
    return Outcome(reaction=reaction.id, state=state, detail=detail, at=world.at, wall=world.wall)


def _reaction(world: World, wish: Wish) -> Reaction:
    return Reaction(
        contract=world.contract.name,
        contract_digest=world.contract.digest,
        subject=wish.subject,
        rule=wish.rule,
        step=wish.step,
        kind=wish.kind,
        target=wish.target,
        cause=wish.cause,
        serves=wish.serves,
        firing=wish.firing,
        attempts=wish.attempts,
        backoff=wish.backoff_from.backoff if wish.backoff_from else timedelta(0),
        severity=wish.severity,
        reason=f"{wish.why}: {wish.detail}" if wish.detail else str(wish.why),
        evidence=wish.evidence,
        at=world.at,
        wall=world.wall,
    )


def _choice(wish: Wish, reaction: str | None = None) -> Choice:
    return Choice(
        rule=wish.rule, kind=wish.kind, target=wish.target, taken=wish.taken, why=wish.why, detail=wish.detail,
        reaction=reaction, episodes=wish.serves,
    )  # fmt: skip


def _joined_choice(reaction: Reaction) -> Choice:
    return Choice(
        rule=reaction.rule, kind=reaction.kind, target=reaction.target, taken=True, why=Why.JOINED,
        reaction=reaction.id, episodes=reaction.serves,
    )  # fmt: skip
