"""Owns the metrics of schema, categories and text: columns, and values unknown to the reference (metrics.md 4.9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.facts import Columns, Facts
from qoa_platform.metrics.frame_metric import CLOCK, FrameMetric, ratio, undefined
from qoa_platform.metrics.protocol import Arity, MetricError
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.metrics.text_forms import norm
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import Frequencies, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class _AgainstDictionary(FrameMetric):
    """Compares the values of a column with a frozen dictionary. A dictionary over its cap is no reference at all.

    The ask is the same with and without a profile, so that a moving reference (``last 28 partitions``) is merged from
    the very states that the metric reads.
    """

    direction = Direction.LOWER
    needs_reference = True

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """All values with their counts."""
        return self._ask(Frequencies)

    def _read(self, state: Frequencies, profile: Profile | None, group: str | None) -> Reading:
        known = profile.column(self.columns[0], group) if profile else None
        if known is None or not (known.dictionary or known.overflow):
            return Reading.unknown(Reason.NO_REFERENCE, state.n, f"no values of {self.columns[0]!r} are frozen")
        if known.dictionary is None:
            return undefined(state.n, f"column {self.columns[0]!r} has more values than a dictionary holds")
        return self._of(state, {c.value: c.count for c in known.dictionary})

    def _of(self, state: Frequencies, dictionary: Mapping[str, int]) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenShare(_AgainstDictionary):
    """Present values that are not in the frozen dictionary ÷ present values.

    Above the cap of the state (10 000 values) counts may be too small: the true share lies within *bound* below.
    """

    id = "data.unseen_share"

    def _of(self, state: Frequencies, dictionary: Mapping[str, int]) -> Reading:
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        known = sum(count for value, count in state.counts if value in dictionary)
        lost = min(state.error * len(dictionary), state.n - sum(count for _, count in state.counts))
        return Reading(value=(state.n - known) / state.n, n=state.n, bound=lost / state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenCount(_AgainstDictionary):
    """Distinct present values that are not in the frozen dictionary."""

    id = "data.unseen_count"
    unit = Unit.COUNT

    def _of(self, state: Frequencies, dictionary: Mapping[str, int]) -> Reading:
        if state.error:
            return undefined(
                state.n, f"more than {state.cap:,} distinct values: they cannot be counted from this state"
            )
        return Reading(value=sum(1 for value, _ in state.counts if value not in dictionary), n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaViolations(FrameMetric):
    """Columns missing or of another logical type than the subject's ``schema:`` declares, and (``strict:``) extra ones.

    No value is looked at. How a type is stored does not matter: every width of text is text. *n* are the columns that
    are declared. It is the metric of the implied promise ``schema``, and may be promised by itself.
    """

    id = "data.schema_violations"
    unit = Unit.COUNT
    direction = Direction.LOWER
    arity = Arity.NONE
    per_column = False

    strict: bool = param("flag", "whether columns that are not declared count", default=False)
    compared: Columns | None = field(default=None, metadata=CLOCK)

    def told(self, facts: Facts) -> Self:
        """The same metric, told how the frame's columns compare with the declared ones."""
        return replace(self, compared=facts.columns)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Nothing: no row is read for it."""
        return Ask(state="nothing")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.compared is None:
            return undefined(0, "the subject declares no schema")
        found = self.compared
        extra = found.extra if self.strict or found.strict else 0
        return Reading(value=found.wrong + extra, n=found.declared)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMissShare(_AgainstDictionary):
    """Present values that are unseen only by spelling ÷ present values.

    Not in the frozen dictionary, but equal to a value of it once both are normalised (NFKC, case folded, trimmed,
    single blanks): ``Grocery `` beside ``GROCERY``. Above the cap the true share lies within *bound* above.
    """

    id = "data.near_miss_share"

    def _of(self, state: Frequencies, dictionary: Mapping[str, int]) -> Reading:
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        known = {norm(value) for value in dictionary}
        near = sum(count for value, count in state.counts if value not in dictionary and norm(value) in known)
        lost = state.n - sum(count for _, count in state.counts)
        return Reading(value=near / state.n, n=state.n, bound=lost / state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class RareShare(_AgainstDictionary):
    """Present values whose share of the reference is below ``rare:`` (0.5 %) ÷ present values.

    Unseen values are rare, too: their share is 0. Above the cap the true share lies within *bound* below.
    """

    id = "data.rare_share"

    rare: float = param("number", "share of the reference below which a value is rare", default=0.005)

    def __post_init__(self) -> None:
        if not 0 < self.rare <= 1:
            raise MetricError(f"{self.id}: rare is {self.rare:g}. Allowed: above 0 %, at most 100 %")

    def _of(self, state: Frequencies, dictionary: Mapping[str, int]) -> Reading:
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        least = self.rare * sum(dictionary.values())
        common = {value for value, count in dictionary.items() if count >= least}
        known = sum(count for value, count in state.counts if value in common)
        lost = min(state.error * len(common), state.n - sum(count for _, count in state.counts))
        return Reading(value=(state.n - known) / state.n, n=state.n, bound=lost / state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenPatternShare(FrameMetric):
    """Present texts whose mask the reference did not hold ÷ present texts.

    The mask of a text has ``a`` for each run of letters, ``9`` for each run of digits, and the rest as it is:
    ``12.0 oz`` is ``9.9 a``, and stands out among ``9``. Above the cap of the state (10 000 masks) the true share lies
    within *bound* below.
    """

    id = "data.unseen_pattern_share"
    direction = Direction.LOWER
    needs_reference = True

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """All masks with their counts."""
        return self._ask(Frequencies, of="mask")

    def _read(self, state: Frequencies, profile: Profile | None, group: str | None) -> Reading:
        known = profile.column(self.columns[0], group) if profile else None
        if known is None or known.masks == ():
            return Reading.unknown(Reason.NO_REFERENCE, state.n, f"no masks of {self.columns[0]!r} are frozen")
        if known.masks is None:
            return undefined(state.n, f"column {self.columns[0]!r} has more masks than a dictionary holds, or no text")
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        masks = {c.value for c in known.masks}
        seen = sum(count for mask, count in state.counts if mask in masks)
        lost = min(state.error * len(masks), state.n - sum(count for _, count in state.counts))
        return Reading(value=(state.n - seen) / state.n, n=state.n, bound=lost / state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class MojibakeShare(FrameMetric):
    """Present values with broken characters ÷ present values.

    U+FFFD, or the characters that the bytes of one UTF-8 character become when each is read as Latin-1 (``Ã©`` for
    ``é``, ``â€™`` for an apostrophe).
    """

    id = "data.mojibake_share"
    direction = Direction.LOWER

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Values with broken characters."""
        return self._ask(Tally, hits="mojibake")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


SPECS: tuple[MetricSpec, ...] = (
    spec(SchemaViolations),
    spec(UnseenShare),
    spec(UnseenCount),
    spec(NearMissShare),
    spec(RareShare),
    spec(UnseenPatternShare),
    spec(MojibakeShare),
)  # fmt: skip
