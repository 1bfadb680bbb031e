"""Owns the bridge from release policy to plan: what ``releases.advance`` decides, as release revisions and wishes."""

from dataclasses import replace

from qoa_platform.reactions.asking import causes, was_observed
from qoa_platform.reactions.wishes import Wish
from qoa_platform.reactions.world import World
from qoa_platform.records import Mode, OutcomeState, Reaction, ReactionKind, Release, Target, Why
from qoa_platform.releases import Advance, Promotion, advance, backtest_promises

RELEASE_RULE = "(release)"


def advanced(world: World) -> Advance:
    """What the release policy says of the versions of its model, in this world (semantics 20–22)."""
    policy = world.contract.release
    if policy is None:
        return Advance()
    return advance(
        policy,
        releases=world.releases,
        versions=world.versions,
        champion=world.champion(policy.model),
        verdicts=world.verdicts,
        backtest=backtest_promises(world.contract),
        held=world.hold(model=policy.model) is not None,
        at=world.at,
        wall=world.wall,
        moves=world.alias_moves,
    )


def release_wishes(world: World) -> tuple[tuple[Release, ...], list[Wish]]:
    """New revisions of releases, and the promotions they ask for.

    A promotion that was skipped (a hold came in between) or only observed is asked for again when the policy still
    wants it: a hold defers, it does not supersede.
    """
    moved = advanced(world)
    found: list[Wish] = []
    for promotion in moved.promotions:
        wish = _wish(world, promotion)
        before = [r for r in world.reactions if r.kind is ReactionKind.PROMOTE and promotion.cause in causes(r)]
        if not any(_counts(world, r, wish) for r in before):
            found.append(replace(wish, firing=1 + len(before)))
    return moved.releases, found


def _counts(world: World, reaction: Reaction, wish: Wish) -> bool:
    """Whether *reaction* stands for the promotion already."""
    last = world.outcomes.get(reaction.id)
    if was_observed(reaction):
        return wish.observed
    return last is None or last.state is not OutcomeState.SKIPPED


def promotion_of(world: World, model: str, version: str) -> Promotion | None:
    """The promotion of *version* that the policy still asks for: an intent is re-checked when it is performed."""
    policy = world.contract.release
    if policy is None or policy.model != model:
        return None
    return next((p for p in advanced(world).promotions if p.version == version), None)


def _wish(world: World, promotion: Promotion) -> Wish:
    model = world.contract.release.model if world.contract.release else ""
    subject = next((s.id for s in world.contract.subjects if s.model == model), model)
    return Wish(
        rule=RELEASE_RULE, step=0, kind=ReactionKind.PROMOTE, target=Target(model=model, version=promotion.version),
        subject=subject, cause=promotion.cause, why=Why.RELEASE, detail=promotion.reason,
        observed=world.contract.mode is Mode.OBSERVE, evidence=dict(promotion.evidence),
    )  # fmt: skip
