"""Owns Reference: where a secret (or an address that is one) is kept, so that no configuration file holds it."""

import os
from dataclasses import dataclass
from pathlib import Path

from qoa_platform.alerts.errors import NotDelivered

MAX_BYTES = 64 * 1024
"""A referenced file is not read beyond this."""

SCHEMES = ("env", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """``env:NAME`` or ``file:PATH`` (relative to the project). Its text is read when it is used, and never kept.

    >>> Reference.of("env:QOA_WEBHOOK_URL")
    Reference(env:QOA_WEBHOOK_URL)
    >>> Reference.of("https://example.org/hook") is None
    True
    """

    scheme: str
    name: str
    root: Path = Path()

    @classmethod
    def of(cls, text: str, root: Path = Path()) -> "Reference | None":
        """The reference that *text* spells, or ``None`` when it is none."""
        scheme, colon, name = text.partition(":")
        if scheme not in SCHEMES or not colon or not name.strip() or "\0" in name:
            return None
        return cls(scheme=scheme, name=name.strip(), root=root)

    def __repr__(self) -> str:
        return f"Reference({self})"

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"

    def read(self) -> str:
        """What it refers to, without surrounding blanks. Raises NotDelivered, saying what is missing."""
        found = os.environ.get(self.name) if self.scheme == "env" else self._content()
        if found is None or not found.strip():
            missing = "is not set" if found is None else "is empty"
            message = f"{self} {missing}. Set it where the alerts are delivered from"
            raise NotDelivered(message)
        return found.strip()

    def _content(self) -> str:
        path = self.root / self.name
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            text = content.decode("utf-8")
        except OSError as error:
            message = f"{self} cannot be read: {error.strerror}"
            raise NotDelivered(message) from None
        except UnicodeDecodeError:
            message = f"{self} is no UTF-8 text"
            raise NotDelivered(message) from None
        if len(content) > MAX_BYTES:
            message = f"{self} is longer than {MAX_BYTES:,} bytes"
            raise NotDelivered(message)
        return text
