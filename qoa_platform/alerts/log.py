"""Owns the log channel: one structured line per alert, on the logger ``qoa.alerts``."""

import json
import logging
import sys
from typing import Final

from qoa_platform.records import Alert, AlertState, Severity, printable

LOGGER: Final = logging.getLogger("qoa.alerts")
MAX_LINES: Final = 20
MAX_TEXT: Final = 400


def line_of(alert: Alert) -> str:
    """*alert* as ``name=value`` pairs; texts are quoted as in JSON, so that one line is one alert whatever it says."""
    facts: dict[str, str] = {
        "alert": alert.state, "severity": alert.severity, "contract": alert.contract, "subject": alert.subject,
        "title": alert.title, "owner": alert.owner, "runbook": alert.runbook, "key": alert.key,
    }  # fmt: skip
    shown = " ".join(f"{name}={_quoted(value)}" for name, value in facts.items())
    lines = [printable(line, MAX_TEXT) for line in alert.lines[:MAX_LINES]]
    more = [f"and {len(alert.lines) - MAX_LINES} more"] if len(alert.lines) > MAX_LINES else []
    return f"{shown} lines={json.dumps([*lines, *more], ensure_ascii=False)}"


def _quoted(value: str) -> str:
    text = printable(str(value), MAX_TEXT)
    plain = text.isascii() and text != "" and all(c.isalnum() or c in "-_./:@" for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)


class Log:
    """Writes to the logger ``qoa.alerts``: resolved as INFO, warnings as WARNING, critical ones as ERROR.

    Where nobody configured logging, the line goes to standard error.
    """

    name = "log"
    grouped = False
    """Every alert is a line of its own, however many wait."""

    def notify(self, alert: Alert, /) -> None:
        """Write the line. Never raises."""
        if LOGGER.level == logging.NOTSET:
            LOGGER.setLevel(logging.INFO)
        line = line_of(alert)
        if LOGGER.hasHandlers():
            LOGGER.log(_level(alert), "%s", line)
        else:
            sys.stderr.write(f"{line}\n")

    def __repr__(self) -> str:
        return "Log()"


def _level(alert: Alert) -> int:
    if alert.state is AlertState.RESOLVED:
        return logging.INFO
    return logging.ERROR if alert.severity == Severity.CRITICAL else logging.WARNING
