"""Owns reactions: from verdicts to episodes, a plan with reasons, its effects, and the incidents they make. Pure."""

from qoa_platform.reactions.decide import decide
from qoa_platform.reactions.effects import Effect, batch_of, effect_of
from qoa_platform.reactions.episodes import fold_episodes
from qoa_platform.reactions.guarding import plan_batch
from qoa_platform.reactions.incidents import Evidence, fold_incidents
from qoa_platform.reactions.progress import due_at, progress, request_of
from qoa_platform.reactions.snapshot import Snapshot, contracts_in_force, read_snapshot
from qoa_platform.reactions.world import World

__all__ = [
    "Effect",
    "Evidence",
    "Snapshot",
    "World",
    "batch_of",
    "contracts_in_force",
    "decide",
    "due_at",
    "effect_of",
    "fold_episodes",
    "fold_incidents",
    "plan_batch",
    "progress",
    "read_snapshot",
    "request_of",
]
