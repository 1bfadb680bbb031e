"""Owns the wording of alerts: one per group of episodes, with what was done about it already."""

from qoa_platform.reactions.asking import causes
from qoa_platform.reactions.followups import RESOLVED_RULE
from qoa_platform.reactions.world import World
from qoa_platform.records import Alert, AlertState, Episode, Reaction, Verdict, show
from qoa_platform.verdicts.remedies import because, command


def alert_of(world: World, reaction: Reaction) -> Alert:
    """The alert that *reaction* sends: title, one line per episode, one per reaction that serves the same episodes.

    Its key is the reaction's id: however often it is delivered, the receiver sees one idempotency key. A resolved one
    names in its details the keys of the alerts that it resolves.
    """
    episodes = [e for e in world.episodes if e.id in reaction.serves]
    state = AlertState.RESOLVED if reaction.rule == RESOLVED_RULE else AlertState.OPENED
    target = _target(world, reaction)
    worst = max((e.severity for e in episodes), key=lambda s: s.rank, default=reaction.severity)
    lines = [_line(world, e) for e in episodes]
    lines += [f"done: {_done(world, r)}" for r in world.reactions if _beside(r, reaction)]
    verb = "resolved" if state is AlertState.RESOLVED else str(worst)
    return Alert(
        key=reaction.id,
        group=f"{world.contract.name}/{reaction.subject}",
        state=state,
        contract=world.contract.name,
        subject=target,
        severity=str(worst),
        title=f"[{verb}] {world.contract.name}: {target} — {reaction.reason}",
        lines=tuple(lines),
        runbook=world.contract.runbook,
        owner=world.contract.owner,
        episodes=reaction.serves,
        at=world.at,
        wall=world.wall,
        details={"resolves": sorted(causes(reaction))} if state is AlertState.RESOLVED else {},
    )


def _target(world: World, reaction: Reaction) -> str:
    subject = world.contract.subject(reaction.subject)
    return subject.target if subject else str(reaction.target)


def _beside(other: Reaction, reaction: Reaction) -> bool:
    return other.id != reaction.id and bool(set(other.serves) & set(reaction.serves)) and other.kind != reaction.kind


def _done(world: World, reaction: Reaction) -> str:
    last = world.outcomes.get(reaction.id)
    return f"{reaction.kind} {reaction.target} → {last or 'decided'}"


def _line(world: World, episode: Episode) -> str:
    """What happened and, while it is not ended, why, and what to type for more."""
    verdict = _worst(world, episode)
    windows = ", ".join(str(w) for w in episode.windows[-3:])
    if verdict is None:
        return f"{episode.key}: {episode.status} in {windows}"
    value = show(verdict.value, verdict.unit)
    bounds = f"[{show(verdict.bounds.low, verdict.unit)}, {show(verdict.bounds.high, verdict.unit)}]"
    open_ = episode.closing is None and not verdict.satisfied
    ending = f"; why: {because(verdict)}; more: {command(verdict)}" if open_ else ""
    ending += f"; ended: {episode.closing}" if episode.closing else ""
    return f"{episode.key}: {verdict} in {windows}: {value}, allowed {bounds}, n = {verdict.n}{ending}"


def _worst(world: World, episode: Episode) -> Verdict | None:
    mine = [v for v in world.verdicts if v.key == episode.key and v.window in episode.windows]
    return max(mine, key=lambda v: (not v.satisfied, v.window.end), default=None)
