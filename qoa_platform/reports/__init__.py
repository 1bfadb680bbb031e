"""Owns reports: what was found of data, as self-contained HTML that any browser shows, offline, on any screen."""

from qoa_platform.reports.drift import drift_report
from qoa_platform.reports.profile import profile_report
from qoa_platform.reports.promise import promise_report

__all__ = ["drift_report", "profile_report", "promise_report"]
