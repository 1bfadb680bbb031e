"""Owns explaining: the plan of now in words, every step that was considered, taken or not, and why. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from qoa_platform.reactions.world import World
from qoa_platform.records import Choice, Episode, Plan, Reaction, ReactionKind, Release, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step that was considered: whether it is *taken*, which, on what, by which rule, and *why*."""

    taken: bool
    kind: ReactionKind
    target: str
    rule: str
    why: Why
    detail: str
    promises: tuple[str, ...]
    reaction: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A plan, told: what becomes of episodes and releases, what is in flight, and a line for every step."""

    contract: str
    version: int
    episodes: tuple[str, ...]
    releases: tuple[str, ...]
    in_flight: tuple[str, ...]
    lines: tuple[Line, ...]

    def text(self) -> Iterator[str]:
        """What ``qoa policy explain`` prints, line by line.

        Steps that are taken come first, each with ``+``; then those that are not, with ``-``.
        """
        yield f"{self.contract} version {self.version}"
        for title, told in (("episode", self.episodes), ("release", self.releases), ("in flight", self.in_flight)):
            yield from (f"  {title}  {one}" for one in told)
        for line in sorted(self.lines, key=lambda line: not line.taken):
            about = f" for {', '.join(line.promises)}" if line.promises else ""
            because = f"{line.why}: {line.detail}" if line.detail else str(line.why)
            yield f"  {'+' if line.taken else '-'} {line.kind} {line.target} [{line.rule}]{about}: {because}"
        if not (self.lines or self.episodes or self.releases or self.in_flight):
            yield "  nothing to do"


def explain_plan(plan: Plan, world: World) -> Explanation:
    """*plan*, which ``decide(world)`` gave, in words: the very data that is written and performed, nothing else."""
    episodes = {e.id: e for e in (*world.episodes, *plan.episodes)}
    return Explanation(
        contract=plan.contract,
        version=world.contract.version,
        episodes=tuple(_episode(e) for e in plan.episodes),
        releases=tuple(_release(r) for r in plan.releases),
        in_flight=tuple(_flying(world, r) for r in world.reactions if not world.final(r)),
        lines=tuple(_line(c, episodes) for c in plan.choices),
    )


def _line(choice: Choice, episodes: dict[str, Episode]) -> Line:
    named = [str(episodes[e].key) for e in choice.episodes if e in episodes]
    return Line(
        taken=choice.taken, kind=choice.kind, target=str(choice.target), rule=choice.rule, why=choice.why,
        detail=choice.detail, promises=tuple(dict.fromkeys(named)), reaction=choice.reaction,
    )  # fmt: skip


def _episode(episode: Episode) -> str:
    windows = ", ".join(str(w) for w in episode.windows)
    if episode.closing is not None:
        return f"{episode.key} ends: {episode.closing}"
    return f"{episode.key} {'opens' if episode.revision == 0 else 'goes on'}: {episode.status} in {windows}"


def _release(release: Release) -> str:
    return f"{release.model} {release.version} becomes {release.state}: {'; '.join(release.reasons)}"


def _flying(world: World, reaction: Reaction) -> str:
    return f"{reaction.kind} {reaction.target} [{reaction.rule}]: {world.outcomes.get(reaction.id) or 'decided'}"
