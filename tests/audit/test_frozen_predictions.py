"""Predictions against a reference that was frozen by name: scaled errors of every version, drift of what they say."""

import polars as pl
import pytest

from qoa_platform.ledger import Store
from qoa_platform.profiles import Wanted, freeze
from qoa_platform.records import Batch, Window
from tests.audit.desk import NOW, Desk
from tests.audit.test_predictions import THREE, forecast

SUBJECTS = """\
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: scaled, metric: model.mase, over: shop/backtest, series: [item], reference: autumn, must: "<= 2"}
      - {id: said, metric: drift.psi, column: predicted, over: shop/backtest, reference: autumn, must: "< 5"}
"""


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """Two versions, and a reference whose series differ by 10 and 20 from row to row."""
    made = Desk.of(ledger, SUBJECTS)
    made.champion("v1", "v2")
    base = (
        forecast({"v1": (0.0, 0.0)})
        .with_row_index("i")
        .with_columns(actual=pl.col("actual") + pl.col("actual") / 10 * ((pl.col("i") // 2) % 2))
    )
    made.write(Batch(records=(freeze(
        base, [Wanted("predicted"), Wanted("actual", metrics=("model.mase",), beside=("time", "item"), season=1)],
        name="autumn", subject="shop/backtest", window=Window.of_partition("2017-10-02"), source=("d",), at=NOW,
        wall=NOW,
    ),)))  # fmt: skip
    return made


def test_errors_are_scaled_by_what_was_frozen(desk: Desk) -> None:
    """Each version's MASE is its error of 20 % or 10 % over the naive 10 %; drift of predictions has a value too."""
    found = desk.judged("shop/backtest", "all", forecast(THREE))
    scaled = {v.key.version: v for v in found.verdicts if v.key.promise == "scaled"}
    assert scaled["v1"].value == pytest.approx(2.0, rel=0.2)
    assert scaled["v2"].value == pytest.approx(1.0, rel=0.2)
    assert str(scaled["v2"]) == "satisfied"
    assert all(v.value is not None for v in found.verdicts if v.key.promise == "said")
