"""Owns the feed as Dagster sees it: real or synthetic days, damaged as a person planted it."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final

import dagster as dg
import polars as pl

from assets.retail.feed import Transactions, complete_journey
from assets.retail.synthetic import synthetic_feed
from qoa_platform.faults import Fault, apply

KINDS: Final = ("complete_journey", "synthetic")


class RetailFeed(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where raw days come from. *kind* is ``complete_journey`` (the package) or ``synthetic`` (seeded, no package)."""

    kind: str = "complete_journey"

    def fetch(self, partition: str, faults: Sequence[Fault] = ()) -> pl.DataFrame:
        """The raw transactions of the UTC day *partition*, under *faults* in their order.

        Raises ValueError for an unknown kind or a partition that is no day, FaultError for a fault that does not fit.
        """
        feed = _feed(self.kind)
        frame = feed.day(partition)
        for fault in faults:
            before = feed.day((date.fromisoformat(partition) - timedelta(days=1)).isoformat())
            frame = apply(fault, frame, before)
        return frame


@cache
def _feed(kind: str) -> Transactions:
    match kind:
        case "complete_journey":
            return complete_journey()
        case "synthetic":
            return synthetic_feed(days=366, rows_per_day=400)
        case _:
            message = f"feed {kind!r} is unknown. Allowed: {', '.join(KINDS)}"
            raise ValueError(message)
