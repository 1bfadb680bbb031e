"""The composition root: nothing else brings assets, sensors and the library together."""

import dagster as dg

from assets.retail import daily, demand, watched
from assets.retail.resources import RetailFeed
from qoa_platform.orchestration import PublishedFrames
from sensors.daily import daily_job, daily_schedule
from sensors.quality import quality

defs = dg.Definitions(
    assets=[*dg.load_assets_from_modules([daily, demand, watched], group_name="retail")],
    jobs=[daily_job],
    schedules=[daily_schedule],
    sensors=[quality],
    resources={"published": PublishedFrames(), "feed": RetailFeed()},
    executor=dg.in_process_executor,
)
