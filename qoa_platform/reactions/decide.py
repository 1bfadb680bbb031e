"""Owns ``decide()``: what follows from the ledger as it stands, as a plan with reasons. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from qoa_platform.reactions.asking import OBSERVED, with_also
from qoa_platform.reactions.coalescing import coalesce, join
from qoa_platform.reactions.conflicts import losers
from qoa_platform.reactions.episodes import fold_episodes
from qoa_platform.reactions.followups import followups
from qoa_platform.reactions.releasing import release_wishes
from qoa_platform.reactions.wishes import Wish, passed_over, wishes
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
    every = [*wishes(world), *promotions, *followups(world), *passed_over(world)]
    heads, absorbed = coalesce(w for w in every if w.taken)
    revised, joined, fresh = join(world, heads)
    reactions, outcomes, choices = _built(world, fresh)
    together = [replace(w, why=Why.JOINED, detail=f"{w.detail}, with an equal step") for w in absorbed]
    flying = [replace(w, why=Why.JOINED) for w in joined]
    refused = [w for w in every if not w.taken]
    return Plan(
        contract=world.contract.name,
        contract_digest=world.contract.digest,
        episodes=episodes,
        releases=releases,
        reactions=(*revised, *sorted(reactions, key=lambda r: r.kind is ReactionKind.ALERT)),
        outcomes=tuple(outcomes),
        choices=(*choices, *[_choice(w) for w in (*together, *flying, *refused)]),
    )


def merged(known: Sequence[Episode], changed: Sequence[Episode]) -> tuple[Episode, ...]:
    """*known* with the revisions in *changed* put in their places."""
    if not changed:
        return tuple(known)
    return tuple({e.id: e for e in (*known, *changed)}.values())


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
        if wish.observed and wish.kind is not ReactionKind.ALERT:
            outcomes.append(_known(world, reaction, OutcomeState.SKIPPED, "mode: observe"))
            wish = replace(wish, taken=False, why=Why.OBSERVED)  # noqa: PLW2901
        elif winner is not None:
            detail = f"loses to {winner.kind} of {winner.target}"
            outcomes.append(_known(world, reaction, OutcomeState.SUPERSEDED, detail))
            wish = replace(wish, taken=False, why=Why.CONFLICT, detail=detail)  # noqa: PLW2901
        choices.append(_choice(wish, reaction.id))
    return reactions, outcomes, choices


def _known(world: World, reaction: Reaction, state: OutcomeState, detail: str) -> Outcome:
    return Outcome(reaction=reaction.id, state=state, detail=detail, at=world.at, wall=world.wall)


def _reaction(world: World, wish: Wish) -> Reaction:
    observed = {OBSERVED: True} if wish.observed and wish.kind is not ReactionKind.ALERT else {}
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
        backoff=wish.backoff,
        severity=wish.severity,
        reason=f"{wish.why}: {wish.detail}" if wish.detail else str(wish.why),
        evidence=with_also({**wish.evidence, **observed}, wish.also),
        at=world.at,
        wall=world.wall,
    )


def _choice(wish: Wish, reaction: str | None = None) -> Choice:
    return Choice(
        rule=wish.rule, kind=wish.kind, target=wish.target, taken=wish.taken, why=wish.why, detail=wish.detail,
        reaction=reaction, episodes=wish.serves,
    )  # fmt: skip
