"""Owns the reading of ``alerts.yaml``: channels as data, or all problems at once, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, assert_never

from qoa_platform.alerts.address import BadAddress, address_of
from qoa_platform.alerts.log import Log
from qoa_platform.alerts.reference import Reference
from qoa_platform.alerts.webhook import Webhook
from qoa_platform.contracts import ContractErrors, Problem
from qoa_platform.contracts.grammar import GrammarError, duration
from qoa_platform.contracts.shapes import Anything, Found, Items, Key, Object, Report, Text, check
from qoa_platform.contracts.yaml12 import MAX_BYTES, load
from qoa_platform.ports import Notifier

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
SHORTEST: Final = timedelta(minutes=1)
REFERENCES: Final = "env:NAME or file:PATH"


class ChannelKind(StrEnum):
    """The kinds of channels there are."""

    LOG = "log"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One entry of ``alerts.yaml``. *url* and *secret* are references, or (the URL) text; *repeat* reminds."""

    name: str
    kind: ChannelKind
    url: Reference | str | None = None
    secret: Reference | None = None
    allow_private: bool = False
    repeat: timedelta | None = None

    @property
    def sink(self) -> str:
        """The outbox sink: ``log``, or ``webhook:<name>``."""
        return "log" if self.kind is ChannelKind.LOG else f"{self.kind}:{self.name}"

    def notifier(self) -> Notifier:
        """What delivers to it."""
        match self.kind:
            case ChannelKind.LOG:
                return Log()
            case ChannelKind.WEBHOOK:
                return Webhook(self.name, self.url or "", secret=self.secret, allow_private=self.allow_private)
            case _:
                assert_never(self.kind)

    def __repr__(self) -> str:
        return f"Channel({self.sink})"


def _repeat(value: object) -> timedelta:
    found = duration(value)
    if found < SHORTEST:
        raise GrammarError(f"{value!r} is too often", "Allowed: 1 min or more")
    return found


CHANNEL = Object(title="channel", keys=(
    Key(name="name", shape=Text(pattern=NAME), about="its name", required=True),
    Key(name="kind", shape=Text(choices={
        ChannelKind.LOG: "a line in the log", ChannelKind.WEBHOOK: "a POST to a URL",
    }), about="log or webhook", required=True),
    Key(name="url", shape=Text(examples=("env:QOA_WEBHOOK_URL",)), about="where a webhook posts to"),
    Key(name="secret", shape=Anything(), about="what a webhook signs with"),
    Key(name="allow_private", shape=Anything(), about="whether it may lie in a private network, or on this machine"),
    Key(name="repeat", shape=Text(parse=_repeat, examples=("4 h",)), about="tell an unresolved alert again after it"),
))  # fmt: skip

DOCUMENT = Object(title="alerts", keys=(
    Key(name="channels", shape=Items(each=CHANNEL), about="through which people are told", required=True),
))  # fmt: skip

_WEBHOOK_ONLY = ("url", "secret", "allow_private")


def read_channels(path: Path) -> tuple[Channel, ...]:
    """The channels in the file at *path*. Raises ContractErrors with all problems at once.

    Nothing is resolved yet: an environment variable that is missing matters where alerts are delivered, not where a
    run only writes that there is something to tell.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(code="E001", message=f"cannot be read: {error.strerror}", file=str(path))
        raise ContractErrors([problem]) from error
    loaded = load(content, str(path))
    report = Report(file=str(path), problems=list(loaded.problems))
    found = check(loaded.root, DOCUMENT, report) if loaded.root is not None else None
    channels = tuple(_channels(found, report, path.parent)) if found is not None else ()
    if report.problems:
        raise ContractErrors(report.problems)
    return channels


def _channels(document: Found, report: Report, root: Path) -> Iterator[Channel]:
    seen: dict[str, str] = {}
    for found in document.get("channels", ()):
        channel = _channel(found, report, root)
        if channel is None:
            continue
        if channel.sink in seen:
            said = f"channel {channel.name!r} and {seen[channel.sink]!r} are both {channel.sink}"
            report.say("E111", said, found.mark_of("name"), found.path, "Allowed: one log, and each name once")
        seen[channel.sink] = channel.name
        yield channel


def _channel(found: Found, report: Report, root: Path) -> Channel | None:
    if not isinstance(found.values.get("name"), str) or "kind" not in found.values:
        return None
    kind = ChannelKind(found.values["kind"])
    given = [key for key in _WEBHOOK_ONLY if key in found.nodes]
    if kind is ChannelKind.LOG and given:
        said = f"a log channel takes no {given[0]!r}"
        report.say("E114", said, found.keys[given[0]], found.path, "Allowed: name, kind, repeat")
        return None
    if kind is ChannelKind.WEBHOOK and "url" not in found.nodes:
        hint = f"Allowed: {REFERENCES}, or http(s)://…"
        report.say("E102", "a webhook needs 'url': where it posts to", found.mark, found.path, hint)
        return None
    return Channel(
        name=found.values["name"], kind=kind, url=_url(found, report, root), secret=_secret(found, report, root),
        allow_private=_flag(found, report, "allow_private"), repeat=found.get("repeat"),
    )  # fmt: skip


def _url(found: Found, report: Report, root: Path) -> Reference | str | None:
    text: str | None = found.get("url")
    if text is None:
        return None
    reference = Reference.of(text, root)
    if reference is not None:
        return reference
    try:
        address_of(text)
    except BadAddress as error:
        hint = f"Or keep it elsewhere: {REFERENCES}"
        report.say("E106", f"'url': {str(error).rstrip('.')}", found.mark_of("url"), (*found.path, "url"), hint)
    return text


def _secret(found: Found, report: Report, root: Path) -> Reference | None:
    node: Any = found.values.get("secret")
    if node is None:
        return None
    reference = Reference.of(node.value, root) if isinstance(node.value, str) else None
    if reference is None:
        said = "'secret' must not be written here (what was found is not shown)"
        report.say("E106", said, found.mark_of("secret"), (*found.path, "secret"), f"Allowed: {REFERENCES}")
    return reference


def _flag(found: Found, report: Report, key: str) -> bool:
    node: Any = found.values.get(key)
    if node is None:
        return False
    if not isinstance(node.value, bool):
        report.say("E103", f"{key!r} must be true or false", node.mark, (*found.path, key), "Allowed: true, false")
        return False
    return node.value
