"""Owns StoredState: the mergeable state of one partition, kept so that no row is read twice."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from qoa_platform.records.identity import short
from qoa_platform.records.reading import Ask
from qoa_platform.records.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """The answer to *ask* on the content *data* of one partition, encoded by the codec of ``states``."""

    KIND: ClassVar[str] = "state"

    ask: Ask
    asset: str
    partition: str
    window: Window
    data: str
    content: bytes
    at: datetime
    wall: datetime

    @property
    def id(self) -> str:
        """One state per ask and content."""
        return short("state", self.ask, self.asset, self.partition, self.data)

    @property
    def series(self) -> str:
        """States that may be merged: one asset, one ask."""
        return short(self.asset, self.ask)

    @property
    def revision(self) -> int:
        """Always 0: content-addressed."""
        return 0
