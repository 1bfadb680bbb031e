"""Owns telemetry: the ledger as Prometheus metrics, rendered once or served to scrapes."""

from qoa_platform.telemetry.collecting import LedgerCollector
from qoa_platform.telemetry.families import LIMIT, OVERFLOW, Family
from qoa_platform.telemetry.serving import Server, registry, render, serve

__all__ = ["LIMIT", "OVERFLOW", "Family", "LedgerCollector", "Server", "registry", "render", "serve"]
