"""Owns the metrics of accuracy: how far a frame agrees with a gold table (metrics.md 4.5)."""

from dataclasses import dataclass
from typing import Any

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.equality import Compared
from qoa_platform.metrics.frame_metric import ratio, undefined
from qoa_platform.metrics.protocol import Arity, MetricSpec
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason
from qoa_platform.states import Confusion, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class _AgainstTruth(Compared):
    """Joins on ``key:`` with the asset ``truth:``, in which every key stands once."""

    arity = Arity.ANY

    truth: str = param("text", "the asset that holds the truth")

    @property
    def beside(self) -> str:
        """The truth."""
        return self.truth

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        assert isinstance(state, Tally)  # noqa: S101 (what was asked for)
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellAccuracy(_AgainstTruth):
    """Cells that equal the truth ÷ cells compared, in rows that the truth knows.

    ``12.0`` is not ``12`` unless ``form: number`` says so. Give ``data.truth_coverage`` beside it.
    """

    id = "data.cell_accuracy"

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Cells that are equal."""
        return self._compared(Tally, hits="equal_cells")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAccuracy(_AgainstTruth):
    """Rows of which every compared cell equals the truth ÷ rows that the truth knows."""

    id = "data.row_accuracy"

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows that are equal."""
        return self._compared(Tally, hits="equal_rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthCoverage(_AgainstTruth):
    """Rows of the truth that were found ÷ rows of the truth. ``where:`` filters both sides."""

    id = "data.truth_coverage"
    grouped = False

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows of the truth, and those that were found."""
        return self._compared("covered", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDisagreement(_AgainstTruth):
    """Labels that differ from gold ÷ labels compared: rows in which both are present.

    Two annotators are not truth: between them, promise Cohen's κ.
    """

    id = "data.label_disagreement"
    direction = Direction.LOWER
    arity = Arity.ONE

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """How often each pair of gold and label occurs."""
        return self._compared(Confusion, of="labels")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(sum(count for truth, label, count in state.cells if truth != label), state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfDetection(_AgainstTruth):
    """The frame holds a check's flags, the truth which cells are wrong: columns of truth values, joined on ``key:``.

    A cell counts where both are present.
    """

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Cells by whether they are wrong, and flagged."""
        return self._compared(Confusion, of="flags")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        counts = {(truth, flag): count for truth, flag, count in state.cells}
        hit = counts.get(("true", "true"), 0)
        return self._of(hit, counts.get(("false", "true"), 0), counts.get(("true", "false"), 0))

    def _of(self, hit: int, false: int, missed: int) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionPrecision(_OfDetection):
    """Flagged cells that are wrong ÷ flagged cells. Without a flagged cell it is not defined."""

    id = "data.detection_precision"

    def _of(self, hit: int, false: int, missed: int) -> Reading:  # noqa: ARG002
        return ratio(hit, hit + false) if hit + false else undefined(0, "no cell is flagged")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRecall(_OfDetection):
    """Wrong cells that are flagged ÷ wrong cells. Without a wrong cell it is not defined."""

    id = "data.detection_recall"

    def _of(self, hit: int, false: int, missed: int) -> Reading:  # noqa: ARG002
        return ratio(hit, hit + missed) if hit + missed else undefined(0, "no cell is wrong")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionF1(_OfDetection):
    """Harmonic mean of detection precision and recall: ``2·hit ÷ (2·hit + false + missed)``."""

    id = "data.detection_f1"

    def _of(self, hit: int, false: int, missed: int) -> Reading:
        n = hit + false + missed
        return Reading(value=2 * hit / (n + hit), n=n) if n else undefined(0, "no cell is flagged, and none is wrong")


SPECS: tuple[MetricSpec, ...] = (
    spec(CellAccuracy),
    spec(RowAccuracy),
    spec(TruthCoverage),
    spec(LabelDisagreement),
    spec(DetectionPrecision),
    spec(DetectionRecall),
    spec(DetectionF1),
)
