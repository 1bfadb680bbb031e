"""Owns the metrics of completeness: what share of the cells, rows and segments is there (metrics.md 4.1)."""

from dataclasses import dataclass

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import FrameMetric, ratio, undefined
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import Frequencies, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class _Presence(FrameMetric):
    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows in which every column is present."""
        return self._ask(Tally, hits="present")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness(_Presence):
    """Present values ÷ rows of a column: ``1 − m/n``.

    Missing is null, NaN or a declared token; ``""`` and ``"N/A"`` are values until the contract declares them. A column
    in which everything is missing gives 0, an empty frame ``no_data``.
    """

    id = "data.completeness"

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCount(_Presence):
    """Missing values of a column: ``m``.

    A count: over an empty frame it is 0 with n = 0.
    """

    id = "data.missing_count"
    unit = Unit.COUNT
    direction = Direction.LOWER

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return Reading(value=state.rows - state.hits, n=state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCompleteness(_Presence):
    """Rows in which all listed columns are present ÷ rows.

    Not the product of the columns' completeness: values are rarely missing independently.
    """

    id = "data.row_completeness"
    per_column = False

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCompleteness(FrameMetric):
    """Present cells of all listed columns ÷ (rows × columns).

    One number for a wide table, and a coarse one: it hides one empty column among many. *n* counts cells.
    """

    id = "data.cell_completeness"
    per_column = False

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Cells, of which those that are present."""
        return self._ask(Tally, hits="cells")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCompleteness(FrameMetric):
    """Frozen segments that are seen ÷ frozen segments, or (``weight: rows``) the frozen row shares of those seen.

    Row count and nulls can look fine while whole stores are absent. A segment is seen with at least *min_rows* rows;
    *n* is the number of frozen segments, so an empty frame gives 0. Weigh by rows where segments differ in size: the
    absence of a kiosk is then not the absence of a market.
    """

    id = "data.segment_completeness"
    needs_reference = True

    min_rows: int = param("integer", "rows that make a segment seen", default=1)
    weight: str = param(
        "text", "count segments, or their frozen rows", default="segments", choices=("segments", "rows")
    )

    def __post_init__(self) -> None:
        if self.min_rows < 1:
            raise MetricError(f"{self.id}: min_rows is {self.min_rows}. Allowed: 1 or more")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """All values of the column with their counts, whatever the reference: a moving one merges the same states."""
        return self._ask(Frequencies)

    def _read(self, state: Frequencies, profile: Profile | None, group: str | None) -> Reading:
        known = profile.column(self.columns[0], group) if profile else None
        if known is None or not (known.dictionary or known.overflow):
            return Reading.unknown(Reason.NO_REFERENCE, cause=f"no segments of {self.columns[0]!r} are frozen")
        if known.dictionary is None:
            return undefined(0, "more segments than a dictionary holds")
        weights = {c.value: c.count if self.weight == "rows" else 1 for c in known.dictionary}
        counts, total = dict(state.counts), sum(weights.values())
        seen = sum(w for value, w in weights.items() if counts.get(value, 0) >= self.min_rows)
        perhaps = sum(w for value, w in weights.items() if counts.get(value, 0) + state.error >= self.min_rows)
        return Reading(value=seen / total, n=len(weights), bound=(perhaps - seen) / total)


SPECS: tuple[MetricSpec, ...] = (
    spec(MissingCount),
    spec(Completeness),
    spec(RowCompleteness),
    spec(CellCompleteness),
    spec(SegmentCompleteness),
)  # fmt: skip
