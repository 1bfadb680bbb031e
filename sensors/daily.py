"""Owns the daily run: yesterday's sales, and what rests on them."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from assets.retail.project import DAYS
from qoa_platform.workspace import open_workspace

NAMES = ("raw_day", "sales_day", "department_sales", "forecast", "scorecard")
"""What a new day changes; features, model and backtest follow a retrain."""

daily_job = dg.define_asset_job("daily", selection=dg.AssetSelection.assets(*(["retail", name] for name in NAMES)))


@dg.schedule(job=daily_job, cron_schedule="0 6 * * *", execution_timezone="UTC")
def daily_schedule() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """The day before now, by the project's clock (a replay clock too); days that the feed does not have are skipped."""
    day = (open_workspace().clock.at() - timedelta(days=1)).date().isoformat()
    if DAYS.has_partition_key(day):
        yield dg.RunRequest(run_key=f"daily:{day}", partition_key=day)
    else:
        yield dg.SkipReason(f"the feed has no day {day}")
