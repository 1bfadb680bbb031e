"""Owns the Contract: promises about subjects, who they bind, and the policy that follows from verdicts."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from qoa_platform.records.reaction import ReactionKind
from qoa_platform.records.reading import Params
from qoa_platform.records.status import Mode, Reason, Severity
from qoa_platform.records.units import Unit


class Role(StrEnum):
    """What a stakeholder is to the pipeline (QoA4ML's words, and the lecture's)."""

    ML_CONSUMER = "ml_consumer"
    ML_PROVIDER = "ml_provider"
    ML_INFRASTRUCTURE = "ml_infrastructure"
    DATA_PROVIDER = "data_provider"
    DATA_ENGINEER = "data_engineer"
    APPLICATION_PROVIDER = "application_provider"
    SERVICE_PROVIDER = "service_provider"
    DATA_CONSUMER = "data_consumer"


class Operator(StrEnum):
    """The comparison of a fixed bound."""

    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EQ = "="
    NE = "!="
    BETWEEN = "between"


class SubjectKind(StrEnum):
    """Which of the five things a subject is."""

    ASSET = "asset"
    MODEL = "model"
    SERVICE = "service"
    RUN = "run"
    CHAIN = "chain"


class ReferenceKind(StrEnum):
    """What a promise's ``reference:`` points to."""

    TRAINING = "training"
    PREVIOUS = "previous"
    LAST_PARTITIONS = "last_partitions"
    PROFILE = "profile"


class Baseline(StrEnum):
    """What a promise is compared ``versus``."""

    CHAMPION = "champion"
    PREVIOUS = "previous"
    TRIAL = "trial"
    REFERENCE = "reference"


class MarginKind(StrEnum):
    """How a margin is meant: share of the baseline, factor on it, or absolute in the metric's unit."""

    RELATIVE = "relative"
    FACTOR = "factor"
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """``must: ">= 99 %"``. *bound* (and *upper* for ``between``) in the metric's base unit; *text* as written."""

    operator: Operator
    bound: float
    upper: float | None = None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """``must: usual``: learnt from the metric's own history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How much worse than the baseline is still good. ``25 %`` is 0.25 relative, ``1.5 x`` is factor 1.5."""

    kind: MarginKind
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """``versus: {reference: weekday_mean}, margin: 25 %``: non-inferiority against a baseline."""

    baseline: Baseline
    name: str | None = None
    margin: Margin


Must = Fixed | Usual | Versus


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """``reference: last 28 partitions``: *count* for LAST_PARTITIONS, *name* (or digest) for PROFILE."""

    kind: ReferenceKind
    count: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakeholder:
    """Who is bound by the contract."""

    name: str
    role: Role
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A condition on a metric. *params* are the metric's own parameters, sorted by name.

    *streak* (``for:``) is how many violated windows in a row, or how long, before an episode opens. *set_aside* is the
    largest share of a frame's rows that is set aside for failing it (``None``: none ever is). *fdr* is the false
    discovery rate over its columns and groups (``None``: their family-wise rate is held).
    """

    id: str
    metric: str
    columns: tuple[str, ...] = ()
    expr: str | None = None
    params: Params = ()
    where: str | None = None
    by: str | None = None
    over: str | None = None
    window: timedelta | None = None
    aggregate: str | None = None
    reference: Reference | None = None
    weight: str | None = None
    compat: str | None = None
    must: Must
    streak: int | timedelta = 1
    clear_after: int = 2
    severity: Severity = Severity.WARNING
    mode: Mode = Mode.ENFORCE
    min_n: int | None = None
    block_on_unknown: bool = False
    unusual_intent: bool = False
    set_aside: float | None = None
    fdr: float | None = None

    @property
    def critical(self) -> bool:
        """Whether a violation blocks publishing."""
        return self.severity is Severity.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRef:
    """``schema:`` as written, and its resolved content (canonical), so that it counts in the digest."""

    ref: str
    dialect: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured. Exactly one of asset, model, service, run, through says which *kind* it is.

    *expected* is ``daily`` or a cron line: when a window is due (with *delay* after its end, from *since* on).
    *missing* maps a column to the tokens that mean missing. *set_aside* is that of its schema's rules of values.
    """

    id: str
    kind: SubjectKind
    asset: str | None = None
    model: str | None = None
    service: str | None = None
    run: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    partition: str | None = None
    event_time: str | None = None
    timezone: str | None = None
    expected: str | None = None
    delay: timedelta = timedelta(0)
    since: date | None = None
    schema: SchemaRef | None = None
    segments: tuple[str, ...] = ()
    missing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sensitive: tuple[str, ...] = ()
    where: str | None = None
    train_on: timedelta | None = None
    set_aside: float | None = None
    promises: tuple[Promise, ...]

    @property
    def target(self) -> str:
        """The subject of measurements: the asset key, or ``model:…``, ``service:…``, ``run:…``, ``chain:…``."""
        match self.kind:
            case SubjectKind.ASSET:
                return self.asset or ""
            case SubjectKind.MODEL:
                return f"model:{self.model}"
            case SubjectKind.SERVICE:
                return f"service:{self.service}"
            case SubjectKind.RUN:
                return "run:" + "+".join(self.run)
            case SubjectKind.CHAIN:
                return "chain:" + "+".join(self.through)

    def promise(self, promise_id: str) -> Promise | None:
        """The promise of that id, or ``None``."""
        return next((p for p in self.promises if p.id == promise_id), None)


class WhenStatus(StrEnum):
    """What a rule waits for. ``blocked`` is a violated critical promise, or a critical unknown that blocks."""

    VIOLATED = "violated"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """``sales.* blocked for 3``. *subject* ``None`` is ``any``; *promise* ``None`` is ``*``; *reasons* empty is all."""

    subject: str | None
    promise: str | None
    status: WhenStatus
    reasons: tuple[Reason, ...] = ()
    severity: Severity | None = None
    streak: int | timedelta = 1
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a rule's ``do``. *target* is an asset, a model or a service; ``None`` is the subject's own."""

    kind: ReactionKind
    target: str | None = None
    attempts: int = 1
    backoff: timedelta = timedelta(0)
    options: Params = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which reactions follow which verdict."""

    name: str
    when: When
    steps: tuple[Step, ...]
    cooldown: timedelta | None = None
    on_recovery: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of a release: ``backtest``, ``shadow`` (a count of requests), ``canary`` (a share), ``full``."""

    name: str
    amount: float | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What a candidate must be better at than the champion, on paired evidence."""

    metric: str
    over: str | None = None
    pair_by: tuple[str, ...] = ()
    confidence: float = 0.95
    margin: Margin
    params: Params = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePolicy:
    """``release:``. *keep* last good versions stay loadable; *serving* holds keys that wait until serving exists."""

    model: str
    stages: tuple[Stage, ...]
    first: str = "promises"
    objective: Objective
    inconclusive: str = "wait"
    rollback_to: str = "last_good"
    keep: int = 2
    min_samples: int | None = None
    max_samples: int | None = None
    serving: Params = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Presets:
    """Named trade-offs of an asset, cheapest first; the initial one is the last."""

    asset: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A quality contract as data. *digest* is the hash of the canonical form (defaults filled in, order kept out).

    *lines* maps a path such as ``subjects.sales.promises.volume`` to its line in *source*; neither is in the digest.
    """

    name: str
    version: int
    owner: str
    runbook: str
    stakeholders: tuple[Stakeholder, ...]
    mode: Mode = Mode.ENFORCE
    false_alarms: float | None = None
    react_within: timedelta = timedelta(days=7)
    subjects: tuple[Subject, ...]
    presets: tuple[Presets, ...] = ()
    policy: tuple[Rule, ...] = ()
    release: ReleasePolicy | None = None
    digest: str = ""
    source: str = ""
    lines: tuple[tuple[str, int], ...] = ()

    def subject(self, subject_id: str) -> Subject | None:
        """The subject of that id, or ``None``."""
        return next((s for s in self.subjects if s.id == subject_id), None)

    def line(self, path: str) -> int | None:
        """The line of *source* where *path* stands, or ``None``."""
        return dict(self.lines).get(path)
