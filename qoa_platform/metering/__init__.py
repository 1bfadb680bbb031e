"""Owns metering: what a step used, what that cost, and what it ran in."""

from qoa_platform.metering.allocation import Allocation, allocated
from qoa_platform.metering.environment import Environment, environment
from qoa_platform.metering.rates import FARGATE, Rates, price
from qoa_platform.metering.sampler import Sampler, resident_bytes

__all__ = [
    "FARGATE",
    "Allocation",
    "Environment",
    "Rates",
    "Sampler",
    "allocated",
    "environment",
    "price",
    "resident_bytes",
]
