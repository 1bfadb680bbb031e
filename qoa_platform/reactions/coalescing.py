"""Owns coalescing: equal steps on one target are one reaction that lists whom it serves (semantics 15)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from qoa_platform.reactions.asking import Asked, asked, with_also
from qoa_platform.reactions.wishes import Wish
from qoa_platform.reactions.world import World
from qoa_platform.records import Reaction, ReactionKind

FOLLOW = "("
"""Rules that nobody wrote begin so: ``(resolved)``, ``(exhausted)``, ``(recovery)``, ``(release)``."""


def coalesce(taken: Iterable[Wish]) -> tuple[list[Wish], list[Wish]]:
    """One wish per step and target, in order of first appearance; and the wishes that went into another one.

    The first one gives cause, rule and attempts; one that is only observed gives way to one that is not. Alerts of one
    evaluation about one subject are one, whatever promises they are about; so are their resolutions.
    """
    heads: dict[tuple[object, ...], Wish] = {}
    absorbed: list[Wish] = []
    for wish in taken:
        place = (wish.kind, *_place(wish))
        head = heads.get(place)
        if head is None:
            heads[place] = wish
        elif head.observed and not wish.observed:
            heads[place] = _merged(wish, head)
            absorbed.append(head)
        else:
            heads[place] = _merged(head, wish)
            absorbed.append(wish)
    return list(heads.values()), absorbed


def _place(wish: Wish) -> tuple[object, ...]:
    if wish.kind is ReactionKind.ALERT:
        return (wish.subject, wish.rule if wish.rule.startswith(FOLLOW) else None)
    return (wish.target,)


def _merged(head: Wish, other: Wish) -> Wish:
    serves = tuple(dict.fromkeys((*head.serves, *other.serves)))
    also = tuple(a for a in dict.fromkeys((*head.also, *other.asked)) if a != head.asked[0])
    severity = max(head.severity, other.severity, key=lambda s: s.rank)
    return replace(head, serves=serves, also=also, severity=severity)


def join(world: World, fresh: Sequence[Wish]) -> tuple[list[Reaction], list[Wish], list[Wish]]:
    """Revisions of reactions in flight that wishes join, those wishes, and the wishes that are new.

    An alert joins nothing: what it would tell is being told.
    """
    flying = {(r.kind, r.target): r for r in world.reactions if not world.final(r)}
    revised: list[Reaction] = []
    joined: list[Wish] = []
    new: list[Wish] = []
    for wish in fresh:
        reaction = flying.get((wish.kind, wish.target))
        if reaction is None or wish.kind is ReactionKind.ALERT:
            new.append(wish)
            continue
        joined.append(wish)
        revision = _joined(reaction, wish)
        if revision is not None:
            revised.append(revision)
    return revised, joined, new


def _joined(reaction: Reaction, wish: Wish) -> Reaction | None:
    """*reaction* serving the wish too; ``None`` when it does so already."""
    known = asked(reaction)
    more: list[Asked] = [a for a in wish.asked if a not in known]
    if not more and set(wish.serves) <= set(reaction.serves):
        return None
    return replace(
        reaction,
        serves=tuple(dict.fromkeys((*reaction.serves, *wish.serves))),
        evidence=with_also(reaction.evidence, (*known[1:], *more)),
        revision=reaction.revision + 1,
    )
