"""Owns the writing of a suggested contract: YAML that reads and lints, with a comment above each promise."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from qoa_platform.profiles.suggesting.draft import Draft
from qoa_platform.records import Mode, printable

WIDTH = 116


def written(
    *, name: str, subject: str, asset: str, owner: str, about: Iterable[str], drafts: Sequence[Draft],
    keys: Mapping[str, object],
) -> str:  # fmt: skip
    """The contract as text; *about* are lines said at its head, *keys* those of the subject besides its promises."""
    lines = [*_comments(about, 0), "apiVersion: qoa/v1", "kind: QualityContract", f"name: {name}", "version: 1",
             f"owner: {scalar(owner)}", "", "subjects:", f"  {subject}:", f"    asset: {asset}"]  # fmt: skip
    lines += [f"    {key}: {scalar(value)}" for key, value in keys.items()]
    lines.append("    promises:")
    for item in drafts:
        lines += _comments([said(item)], 6)
        lines.append(f"      - {{id: {item.id}, " + ", ".join(f"{k}: {scalar(v)}" for k, v in item.keys) + "}")
    return "\n".join(lines) + "\n"


def said(item: Draft) -> str:
    """Why a promise is there, and how strong that is: the rows that tell, those that break it, Wilson's lower end."""
    found = item.evidence
    counted = f"{found.n:,} rows, {found.violations:,} against" if found.n else "no row"
    sure = f", kept by at least {found.sure:.1%}" if found.violations or found.n else ""
    alarms = f"; about {found.false_alarms:.2g} false alarms a month" if found.false_alarms is not None else ""
    watch = "DOUBTFUL on its source, so only observed: " if found.mode is Mode.OBSERVE else ""
    return f"{watch}{found.why} ({counted}{sure}{alarms})"


def _comments(lines: Iterable[str], indent: int) -> list[str]:
    pad = " " * indent
    return [
        f"{pad}# {part}" for line in lines
        for part in textwrap.wrap(printable(line, 600), WIDTH - indent, break_on_hyphens=False) or [""]
    ]  # fmt: skip


def scalar(value: object) -> str:
    r"""A value in YAML's flow style; text is quoted where it could be read as anything else.

    >>> scalar(["a b", 1, "N/A"]), scalar({"x": [""]}), scalar(">= 99 %"), scalar("tab\t")
    ('["a b", 1, "N/A"]', '{"x": [""]}', '">= 99 %"', '"tab\\t"')
    """
    match value:
        case dict():
            return "{" + ", ".join(f"{_text(str(k))}: {scalar(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_text(v) if isinstance(v, str) else scalar(v) for v in value) + "]"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            text = str(value)
            return text if _plain(text) else _text(text)


def _plain(text: str) -> bool:
    """Whether a text can stand without quotes: a word of the contract, an id, a dotted metric."""
    words = {"true", "false", "null", "yes", "no", "on", "off", "~"}
    return (
        text.isascii() and text.replace(".", "a").replace("_", "a").isalnum() and text[0].isalpha()
        and text.casefold() not in words
    )  # fmt: skip


def _text(text: str) -> str:
    """A quoted YAML text: single quotes where nothing needs an escape, else JSON's escapes."""
    if text.isprintable() and "'" not in text and ("\\" in text or '"' in text):
        return f"'{text}'"
    return "".join(
        c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}"  # noqa: PLR2004
        for c in json.dumps(text, ensure_ascii=False)
    )
