"""Owns the tables of the ledger, written once for both stores."""

from typing import Final

VERSION: Final = 1
"""Version of the tables. A ledger with a higher one was written by a newer release."""

NEVER: Final = 2**63 - 1
"""``ends_at`` of a record without a window: it never drops out of what ``ends_after`` asks for."""

TABLES: Final = (
    """CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL)""",
    """CREATE TABLE record(
      seq BIGINT_KEY, kind TEXT NOT NULL, id TEXT NOT NULL, revision BIGINT NOT NULL, series TEXT NOT NULL,
      ends_at BIGINT NOT NULL, at TEXT NOT NULL, wall TEXT NOT NULL, body BYTES NOT NULL, sum BIGINT NOT NULL,
      UNIQUE(kind, id, revision))""",
    """CREATE INDEX record_kind ON record(kind, seq)""",
    """CREATE INDEX record_series ON record(kind, series, seq)""",
    """CREATE INDEX record_ends ON record(kind, ends_at)""",
    """CREATE TABLE pointer(
      kind TEXT NOT NULL, key TEXT_C NOT NULL, value TEXT, gen BIGINT NOT NULL, at TEXT NOT NULL, wall TEXT NOT NULL,
      sum BIGINT NOT NULL, PRIMARY KEY(kind, key))""",
    """CREATE TABLE move(
      seq BIGINT_KEY, kind TEXT NOT NULL, key TEXT_C NOT NULL, gen BIGINT NOT NULL, value TEXT, previous TEXT,
      verb TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, reaction TEXT, evidence TEXT NOT NULL,
      at TEXT NOT NULL, wall TEXT NOT NULL, sum BIGINT NOT NULL,
      UNIQUE(kind, key, gen), UNIQUE(kind, key, reaction))""",
    """CREATE TABLE edge(
      seq BIGINT_KEY, src TEXT NOT NULL, dst TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE(dst, src, kind))""",
    """CREATE INDEX edge_down ON edge(src)""",
    """CREATE TABLE outbox(
      seq BIGINT_KEY, sink TEXT NOT NULL, key TEXT NOT NULL, body BYTES NOT NULL, sum BIGINT NOT NULL, done_at TEXT,
      UNIQUE(sink, key))""",
    """CREATE INDEX outbox_due ON outbox(sink, seq) WHERE done_at IS NULL""",
    """CREATE TABLE lease(
      name TEXT PRIMARY KEY, holder TEXT NOT NULL, boot TEXT NOT NULL, expires DOUBLE PRECISION NOT NULL)""",
)
"""The statements that make a fresh ledger; BIGINT_KEY, BYTES and TEXT_C are the dialect's words."""


def tables(words: dict[str, str]) -> tuple[str, ...]:
    """The statements of ``TABLES`` in a dialect: *words* maps BIGINT_KEY, BYTES, TEXT_C to its spelling."""
    made = []
    for statement in TABLES:
        for word, spelling in words.items():
            statement = statement.replace(word, spelling)  # noqa: PLW2901 (word by word)
        made.append(statement)
    return tuple(made)


def too_new(found: int | str, where: str) -> str:
    """What to say of a ledger with a higher version than ours."""
    return (
        f"ledger {where} has schema version {found}; this release supports {VERSION}. "
        "Upgrade qoa-platform, or open another ledger (QOA_LEDGER)"
    )
