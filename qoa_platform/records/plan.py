"""Owns Plan: what pure ``decide()`` returns; the same data is performed, explained and replayed."""

from dataclasses import dataclass
from enum import StrEnum

from qoa_platform.records.episode import Episode
from qoa_platform.records.outcome import Outcome
from qoa_platform.records.reaction import Reaction, ReactionKind, Target
from qoa_platform.records.release import Release


class Why(StrEnum):
    """Why a step was taken, or was not."""

    OPENED = "the episode opened"
    FIRES_AGAIN = "cool-down over, the episode is still open"
    JOINED = "joins an equal step in flight"
    ALREADY = "already reacted to"
    COOLING_DOWN = "cooling down"
    NOT_YET = "the rule's streak is not reached"
    CONFLICT = "loses the conflict order"
    HELD = "a hold stands"
    ACTIVE_RUN = "a run of that asset and partition is active"
    OBSERVED = "mode: observe"
    BARRED = "the better preset is still barred"
    CHEAPEST = "already at the cheapest preset"
    HISTORY = "history does not react"
    NO_TARGET = "nothing to act on"
    RECOVERED = "the episode ended"
    EXHAUSTED = "attempts exhausted"
    RELEASE = "the release policy says so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One step that was considered: taken or not, and why. What ``qoa policy explain`` prints, line by line."""

    rule: str
    kind: ReactionKind
    target: Target
    taken: bool
    why: Why
    detail: str = ""
    reaction: str | None = None
    episodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What follows from the ledger as it stands: revisions of episodes, releases and reactions, outcomes, and why.

    *episodes*, *releases*, *reactions* are new records or new revisions to be written; *outcomes* what is already known
    of a reaction when it is decided (``superseded``, ``skipped``).
    """

    contract: str
    contract_digest: str
    episodes: tuple[Episode, ...] = ()
    releases: tuple[Release, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is to be written."""
        return not (self.episodes or self.releases or self.reactions or self.outcomes)
