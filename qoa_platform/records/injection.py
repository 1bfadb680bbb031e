"""Owns Injection: a named fault that a person planted, as a row of the ledger."""

from dataclasses import dataclass

from qoa_platform.records.reading import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A fault at *target* (``feed:<asset>``, ``model:<name>``, ``run:<asset>``) for *partition* (``None``: all).

    *times* fetches (runs) are hit, ``None``: persistent. *since* limits a lasting fault to partitions from it on.
    """

    target: str
    kind: str
    partition: str | None = None
    since: str | None = None
    times: int | None = 1
    params: Params = ()
    seed: int = 0
