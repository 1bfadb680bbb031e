"""Owns the metrics of uniqueness: how often keys repeat (metrics.md 4.2)."""

from dataclasses import dataclass
from typing import NamedTuple

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import FrameMetric, ratio
from qoa_platform.metrics.protocol import Arity, MetricError
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import DistinctSketch, Keys, Sums


class Repetition(NamedTuple):
    """*rows* kept, *distinct* keys among them (d), keys seen exactly *once* (u₁)."""

    rows: int
    distinct: int
    once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfKeys(FrameMetric):
    """The key is the listed columns (default: all). Rows with a missing key part are left out, or count as a value."""

    arity = Arity.ANY
    per_column = False

    missing_keys: str = param("text", "what a missing key part is", default="skip", choices=("skip", "value"))
    merge: bool = param("flag", "keep mergeable key hashes, to be unique across partitions", default=False)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Three counts of this frame; or, to be merged with other frames, the hashes of its keys."""
        value = "value" if self.missing_keys == "value" else None
        return self._ask(Keys if self.merge else "uniqueness", missing_keys=value)

    def _read(self, state: Sums | Keys, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        match state:
            case Keys():
                return self._of(Repetition(state.n, state.distinct, state.once))
            case Sums():
                return self._of(Repetition(state.n, int(state.get("distinct")), int(state.get("once"))))

    def _of(self, found: Repetition) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctCount(_OfKeys):
    """Distinct keys: ``d``. Missing is no key.

    With ``sketch: true`` four kilobytes are kept instead of the keys (HyperLogLog, lg k = 12), which merge: off by
    1.6 % (one standard error); *bound* says by how much with 99 % confidence.
    """

    id = "data.distinct_count"
    unit = Unit.COUNT
    direction = Direction.TARGET

    sketch: bool = param("flag", "keep a small mergeable sketch, which is a little off", default=False)

    def __post_init__(self) -> None:
        if self.sketch and self.merge:
            raise MetricError(f"{self.id}: merge keeps all keys, sketch keeps none. Allowed: one of them")

    def ask(self, profile: Profile | None, /) -> Ask:
        """As the others; or a sketch of the keys."""
        if not self.sketch:
            return _OfKeys.ask(self, profile)
        return self._ask(DistinctSketch, missing_keys="value" if self.missing_keys == "value" else None)

    def _read(self, state: Sums | Keys | DistinctSketch, profile: Profile | None, group: str | None) -> Reading:
        if isinstance(state, DistinctSketch):
            return Reading(value=state.estimate, n=state.n, bound=state.bound)
        return _OfKeys._read(self, state, profile, group)  # noqa: SLF001 (its own)

    def _of(self, found: Repetition) -> Reading:
        return Reading(value=found.distinct, n=found.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniqueness(_OfKeys):
    """Rows whose key stands in no other row ÷ rows: ``u₁/n``.

    One duplicated pair costs two rows: of (a, a, b) a third is unique.
    """

    id = "data.uniqueness"

    def _of(self, found: Repetition) -> Reading:
        return ratio(found.once, found.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinctness(_OfKeys):
    """Distinct keys ÷ rows: ``d/n``.

    1 only where all are unique; of a category it falls as rows grow, and means little.
    """

    id = "data.distinctness"

    def _of(self, found: Repetition) -> Reading:
        return ratio(found.distinct, found.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueValueRatio(_OfKeys):
    """Keys seen exactly once ÷ distinct keys: ``u₁/d``."""

    id = "data.unique_value_ratio"

    def _of(self, found: Repetition) -> Reading:
        if found.rows == 0:
            return Reading.unknown(Reason.NO_DATA)
        return Reading(value=found.once / found.distinct, n=found.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRows(_OfKeys):
    """Rows beyond the first of each key: ``n − d``. An order-free count: no row is *the* duplicate."""

    id = "data.duplicate_rows"
    unit = Unit.ROWS
    direction = Direction.LOWER

    def _of(self, found: Repetition) -> Reading:
        return Reading(value=found.rows - found.distinct, n=found.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyViolations(_OfKeys):
    """Rows that share their key with another row: ``n − u₁``."""

    id = "data.key_violations"
    unit = Unit.ROWS
    direction = Direction.LOWER

    def _of(self, found: Repetition) -> Reading:
        return Reading(value=found.rows - found.once, n=found.rows)


SPECS: tuple[MetricSpec, ...] = tuple(
    spec(metric) for metric in (DistinctCount, Uniqueness, Distinctness, UniqueValueRatio, DuplicateRows, KeyViolations)
)
