"""Owns the digest of a contract: the hash of its canonical form, in which spelling, order and place do not count."""

from typing import Any

from qoa_platform.metrics.expressions import ExpressionError, canonical, parse_condition
from qoa_platform.records import Contract, Promise, Rule, Subject, digest, plain


def canonical_form(contract: Contract) -> dict[str, Any]:
    """The contract as plain data with defaults filled in, without lines, source, and texts as written.

    A key that came later (``set_aside``, ``fdr``) stands here only where it is written: no older contract becomes
    another one.

    What has no order is sorted: stakeholders, subjects, promises, rules, segments. What has one is kept: columns of a
    promise, steps of a rule, presets, stages, the steps of a run, the links of a chain.
    """
    form: dict[str, Any] = plain(contract)
    for key in ("digest", "source", "lines"):
        del form[key]
    form["stakeholders"] = sorted(form["stakeholders"], key=lambda s: (s["name"], s["role"]))
    form["subjects"] = {s.id: _subject(s) for s in contract.subjects}
    form["presets"] = {p.asset: list(p.names) for p in contract.presets}
    form["policy"] = {r.name: _rule(r) for r in contract.policy}
    return form


def digest_of(contract: Contract) -> str:
    """SHA-256 of the canonical form (semantics 23)."""
    return digest("contract", canonical_form(contract))


def _subject(subject: Subject) -> dict[str, Any]:
    form: dict[str, Any] = plain(subject)
    form["promises"] = {p.id: promise_form(p) for p in subject.promises}
    form["where"] = _condition(subject.where)
    form["missing"] = {column: sorted(tokens) for column, tokens in subject.missing}
    form["segments"], form["sensitive"] = sorted(subject.segments), sorted(subject.sensitive)
    if subject.set_aside is None:
        del form["set_aside"]
    if subject.schema is not None:
        form["schema"] = {"dialect": subject.schema.dialect, "content": subject.schema.content}
    return form


def promise_form(promise: Promise) -> dict[str, Any]:
    """A promise as plain data, without texts as written."""
    form: dict[str, Any] = plain(promise)
    form["expr"], form["where"] = _condition(promise.expr), _condition(promise.where)
    form["must"] = {"is": type(promise.must).__name__, **form["must"]}
    form["must"].pop("text", None)
    for key in ("set_aside", "fdr"):
        if form[key] is None:
            del form[key]
    return form


def _rule(rule: Rule) -> dict[str, Any]:
    form: dict[str, Any] = plain(rule)
    del form["when"]["text"]
    form["when"]["reasons"] = sorted(form["when"]["reasons"])
    return form


def _condition(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return canonical(parse_condition(text))
    except ExpressionError:  # a contract built by hand; its reader would have refused it
        return text
