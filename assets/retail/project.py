"""Owns what all retail assets share: their contract, their days, and how long the model trains."""

from pathlib import Path
from typing import Final

import dagster as dg

from assets.retail.forecaster import TRAIN_DAYS
from qoa_platform.contracts import read

ROOT: Final = Path(__file__).resolve().parents[2]
RETAIL: Final = read(ROOT / "contracts" / "retail.yaml")
DAYS: Final = dg.DailyPartitionsDefinition("2017-01-01", end_date="2018-01-02")
"""UTC days of the feed; the last is 1 January 2018, which is partial."""

_DEMAND = RETAIL.subject("demand")
TRAIN_ON: Final = _DEMAND.train_on.days if _DEMAND is not None and _DEMAND.train_on is not None else TRAIN_DAYS
"""Days that the model is trained on, as the contract says."""
