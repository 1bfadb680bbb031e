"""Owns the oracles: what every implemented metric of a frame must be; each family's live in a file of their own."""

from tests.metrics.asking import Case
from tests.metrics.oracles_agreement import AGREEMENT
from tests.metrics.oracles_beside import BESIDE
from tests.metrics.oracles_data import DATA
from tests.metrics.oracles_drift import DRIFT
from tests.metrics.oracles_model import MODEL
from tests.metrics.oracles_scores import SCORES
from tests.metrics.oracles_service import SERVICE
from tests.metrics.oracles_shape import SHAPE
from tests.metrics.oracles_time import TIME

ORACLES: dict[str, tuple[Case, ...]] = {
    **DATA, **TIME, **SHAPE, **AGREEMENT, **BESIDE, **DRIFT, **MODEL, **SCORES, **SERVICE,
}  # fmt: skip
"""By id: every implemented metric of a frame; one that is missing here fails the build."""
