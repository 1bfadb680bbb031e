"""Owns alerts: which channels people are told through, and the delivery of the outbox to them, at least once."""

from qoa_platform.alerts.channels import Channels
from qoa_platform.alerts.delivering import Delivered, Failure, couriers, deliver
from qoa_platform.alerts.errors import NotDelivered
from qoa_platform.alerts.log import Log
from qoa_platform.alerts.reference import Reference
from qoa_platform.alerts.webhook import Webhook

__all__ = [
    "Channels", "Delivered", "Failure", "Log", "NotDelivered", "Reference", "Webhook", "couriers", "deliver",
]  # fmt: skip
