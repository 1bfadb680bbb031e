"""Owns the tags of runs by which the ledger and Dagster know of one another."""

from collections.abc import Mapping

import dagster as dg

from qoa_platform.metering import FARGATE, Rates

IMPORT = "qoa/import"
"""A run that imports history: it is judged and gated, and never reacts (decision 15)."""
REACTION, ATTEMPT, KEY = "qoa/reaction", "qoa/attempt", "qoa/run_key"
"""A run that a reaction asked for: its id, the attempt, and both together as Dagster's run key."""
VCPU_HOUR, GB_HOUR = "qoa/usd_per_vcpu_hour", "qoa/usd_per_gb_hour"
"""What the resources of this run cost, where it is not the usual rate (a spot price, another region)."""


def rates_of(tags: Mapping[str, str]) -> Rates:
    """The rates of a run. Raises Failure for a tag that is no price."""
    try:
        return Rates(
            vcpu_hour=float(tags.get(VCPU_HOUR, FARGATE.vcpu_hour)), gb_hour=float(tags.get(GB_HOUR, FARGATE.gb_hour))
        )
    except ValueError as error:
        raise dg.Failure(description=f"tags {VCPU_HOUR}, {GB_HOUR}: {error}", allow_retries=False) from error
