"""Owns Release and ModelVersion: a model version's way from candidate to champion, or back."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from qoa_platform.records.identity import short


class Alias(StrEnum):
    """The named pointers of a model, moved only by compare-and-set; every move is kept."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    SHADOW = "shadow"


class ReleaseState(StrEnum):
    """Where a version stands. Refused, rolled back and retired are final for that version."""

    CANDIDATE = "candidate"
    WAITING = "waiting"
    REPLACED = "replaced"
    """A newer candidate took its place while it waited."""
    PROMOTED = "promoted"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


FINAL_RELEASES = frozenset(
    {ReleaseState.REPLACED, ReleaseState.REFUSED, ReleaseState.ROLLED_BACK, ReleaseState.RETIRED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A trained version: its artifact, its trial, what it was trained on.

    *profiles* are the (subject, digest) of what was frozen from its training window, for every subject that some
    promise with ``reference: training`` compares with it; in force while the version is champion (semantics 7).
    """

    KIND: ClassVar[str] = "model_version"

    model: str
    version: str
    artifact: str
    trial: str
    profiles: tuple[tuple[str, str], ...] = ()
    recipe: dict[str, object] = field(default_factory=dict)
    at: datetime
    wall: datetime

    @property
    def id(self) -> str:
        """One row per (model, version)."""
        return short("model_version", self.model, self.version)

    @property
    def series(self) -> str:
        """The model."""
        return self.model

    @property
    def revision(self) -> int:
        """Always 0: a version is never changed."""
        return 0

    def profile(self, subject: str) -> str | None:
        """The digest of what was frozen of *subject* (``retail/sales_day``), or ``None``."""
        return dict(self.profiles).get(subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The state of one version's release. Changes are revisions; *number* counts releases of the same version.

    A person's ``--force`` starts a new release of a refused version (*forced*), recorded as such.
    """

    KIND: ClassVar[str] = "release"

    model: str
    version: str
    number: int = 1
    state: ReleaseState
    reasons: tuple[str, ...] = ()
    evidence: dict[str, object] = field(default_factory=dict)
    samples: int = 0
    forced: bool = False
    actor: str = "qoa"
    at: datetime
    wall: datetime
    revision: int = 0

    @property
    def id(self) -> str:
        """One release of one version."""
        return short("release", self.model, self.version, self.number)

    @property
    def series(self) -> str:
        """The model."""
        return self.model
