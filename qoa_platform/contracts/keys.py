"""Owns the keys of a contract: one table, from which documents are checked and the JSON Schema for editors is made.

A new key needs an ADR; an unknown one is an error with the nearest guess.
"""

import re
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from qoa_platform.contracts import grammar
from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.problem import show_value
from qoa_platform.contracts.shapes import Anything, Items, Key, Number, Object, Shape, Table, Text, Word
from qoa_platform.records import KEY, NAME, Mode, ReactionKind, Role, Severity

API: Final = "qoa/v1"
KIND: Final = "QualityContract"
_CRON = re.compile(r"(?:[0-9A-Za-z*/,?#-]+ +){4}[0-9A-Za-z*/,?#-]+")
_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,512}")


def _expected(value: object) -> str:
    if value == "daily" or (isinstance(value, str) and _CRON.fullmatch(value)):
        return str(value)
    raise GrammarError(f"{show_value(value)} is no schedule", "Allowed: daily, or a cron line of five fields")


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise GrammarError(f"{show_value(value)} is no day", "Allowed: YYYY-MM-DD") from error


def _zone(value: object) -> str:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError) as error:
        raise GrammarError(f"unknown time zone {show_value(value)}", "Allowed: as in Europe/Helsinki") from error
    return str(value)


def _undotted(value: object) -> str:
    """A name becomes a path: two dots in it are refused, wherever they stand."""
    if ".." in str(value):
        raise GrammarError(f"{show_value(value)} holds '..'", "Allowed: single dots")
    return str(value)


LINE = Text(pattern=_LINE)
COLUMN = Text(pattern=_LINE)
ASSET = Text(pattern=KEY, parse=_undotted, examples=("retail/sales_day",))
MODEL = Text(pattern=NAME, parse=_undotted)
ID = Text(pattern=grammar.ID)
RULE_NAME = Text(pattern=grammar.RULE_NAME)
DURATION = Text(parse=grammar.duration, examples=("6 h", "7 d"))
EXPRESSION = Text(pattern=re.compile(r"(?s).{1,4096}"), examples=("col('sales_value') >= 0",))
MARGIN = Number(parse=grammar.margin, examples=("25 %", "1.5 x", "0.01"))
SHARE = Number(parse=grammar.share, examples=("95 %",))
RATE = Number(parse=grammar.share, examples=("5 %",))
SHARE_OF_ROWS = Number(parse=grammar.share, examples=("1 %",))
STREAK = Number(parse=grammar.streak, examples=("3", "2 d"))


def _key(name: str, shape: Shape, about: str, *, required: bool = False) -> Key:
    return Key(name=name, shape=shape, about=about, required=required)


def _list(each: Shape) -> Items:
    return Items(each=each)


MODES = Text(choices={
    Mode.ENFORCE: "plans are performed", Mode.OBSERVE: "plans are recorded, only alerts are performed",
})  # fmt: skip
SEVERITIES = Text(choices={
    Severity.WARNING: "published, shown, and reacted to", Severity.CRITICAL: "blocks publishing",
})  # fmt: skip

STAKEHOLDER = Object(title="stakeholder", keys=(
    _key("name", LINE, "who", required=True),
    _key("role", Text(choices={r.value: r.value.replace("_", " ") for r in Role}), "what they are to the pipeline",
         required=True),
    _key("contact", LINE, "how they are reached"),
))  # fmt: skip

VERSUS = Word(
    words={"champion": "the model version in force", "previous": "the window before"},
    form=Object(title="versus", keys=(
        _key("trial", LINE, "a recorded trial"),
        _key("reference", LINE, "a named reference, such as weekday_mean"),
    )),
)  # fmt: skip

PROMISE = Object(title="promise", open=True, keys=(
    _key("id", ID, "its name within the subject", required=True),
    _key("metric", LINE, "what is measured: an id of the catalogue", required=True),
    _key("column", COLUMN, "the column that is read"),
    _key("columns", _list(COLUMN), "the columns that are read: each for itself, or as one key"),
    _key("expr", EXPRESSION, "a row predicate in the bounded expression language"),
    _key("where", EXPRESSION, "which rows are read"),
    _key("by", COLUMN, "judged for each of its groups too"),
    _key("over", ASSET, "the asset whose frame is read instead of the subject's own"),
    _key("window", DURATION, "how much event time is read"),
    _key("aggregate", LINE, "which statistic of many values: p99, mean …"),
    _key("reference", Text(parse=grammar.reference, examples=("training", "previous", "last 28 partitions")),
         "what it is compared with"),
    _key("weight", LINE, "how segments are weighed"),
    _key("compat", LINE, "a peer's variant of the metric"),
    _key("must", Text(examples=("usual", ">= 99 %", "<= 26 h", "between 1 and 3 h")), "the bound"),
    *(_key(name, Anything(), "a bound as ODCS spells it") for name in grammar.MUST_KEYS),
    _key("versus", VERSUS, "the baseline it is compared with, within a margin"),
    _key("margin", MARGIN, "how much worse than the baseline is still good"),
    _key("for", STREAK, "violated windows in a row, or time, before an episode opens"),
    _key("clear_after", Number(integer=True, least=1, most=1000), "satisfied windows that end an episode"),
    _key("severity", SEVERITIES, "how much it matters"),
    _key("mode", MODES, "whether it acts"),
    _key("min_n", Number(integer=True, least=1), "below so many rows the verdict is unknown(insufficient_n)"),
    _key("on_unknown", Text(choices={
        "pass": "only error, no_data and stale block", "block": "every unknown blocks (if critical)",
    }), "whether an unknown verdict blocks publishing"),
    _key("intent", Text(choices={"unusual": "the bound's direction is meant as written"}),
         "says that a bound against the metric's direction is meant"),
    _key("set_aside", SHARE_OF_ROWS, "rows that fail it are set aside, up to this share of them"),
    _key("fdr", RATE, "of the columns and groups that it finds drifted, so many may be false on average"),
))  # fmt: skip

SUBJECT = Object(title="subject", keys=(
    _key("asset", ASSET, "a Dagster asset key (of a model: the asset that trains it)"),
    _key("model", MODEL, "a model, whose versions are released"),
    _key("service", MODEL, "a service that answers requests"),
    _key("run", Items(each=ASSET, lone=True), "the steps of a run, summed"),
    _key("through", Items(each=LINE, least=2), "a chain, end to end"),
    _key("train_on", Text(parse=grammar.training_window, examples=("last 56 d",)), "the training window of the model"),
    _key("partition", Text(choices={"day": "a UTC day"}), "what a partition is"),
    _key("event_time", COLUMN, "the column of event times"),
    _key("timezone", Text(parse=_zone, examples=("UTC", "Europe/Helsinki")), "the zone of local days"),
    _key("expected", Text(parse=_expected, examples=("daily",)), "when a window is due, also when nothing comes"),
    _key("delay", DURATION, "how long after its end a window is due"),
    _key("since", Text(parse=_day, examples=("2017-01-01",)), "the first day that is due"),
    _key("schema", LINE, "an ODCS data contract beside this file, or module:PanderaModel of this project"),
    _key("segments", _list(COLUMN), "measured and shown for each of their values; not judged"),
    _key("missing", Table(each=Items(each=Text(pattern=re.compile(r"(?s).{0,256}")))), "tokens that mean missing"),
    _key("sensitive", _list(COLUMN), "columns whose values are withheld from what is kept"),
    _key("where", EXPRESSION, "which rows every promise reads"),
    _key("set_aside", SHARE_OF_ROWS, "rows that fail its schema are set aside, up to this share of them"),
    _key("promises", _list(PROMISE), "what is promised", required=True),
))  # fmt: skip

STEPS = {
    ReactionKind.ALERT: "tell people", ReactionKind.HOLD: "keep an asset from being published, a model from moving",
    ReactionKind.TERMINATE: "end the run in progress", ReactionKind.RERUN: "run an asset again",
    ReactionKind.RETRAIN: "train a candidate", ReactionKind.QUARANTINE: "mark the candidate as bad",
    ReactionKind.REJECT: "refuse requests", ReactionKind.REROUTE: "send requests elsewhere",
    ReactionKind.ROLLBACK: "back to the last good version", ReactionKind.PROMOTE: "make the challenger champion",
    ReactionKind.SHIFT: "move traffic", ReactionKind.DEGRADE: "the next cheaper preset",
    ReactionKind.UPGRADE: "the next better preset", ReactionKind.SCALE: "change resources",
    ReactionKind.START_WORKFLOW: "start an external workflow",
}  # fmt: skip
"""The steps of a rule. ``release`` is none: it is what a rule does on recovery."""

UNTARGETED = frozenset({ReactionKind.ALERT, ReactionKind.QUARANTINE})
"""Steps that act on the episode itself, and take no target."""

STEP = Word(
    words={kind.value: about for kind, about in STEPS.items()},
    form=Object(title="step", keys=(
        *(_key(k.value, ASSET, about) for k, about in STEPS.items() if k not in UNTARGETED),
        _key("attempts", Number(integer=True, least=1, most=100), "runs before it is exhausted"),
        _key("backoff", DURATION, "wait after a failed run"),
    )),
)  # fmt: skip

RULE = Object(title="rule", keys=(
    _key("name", RULE_NAME, "its name", required=True),
    _key("when", Text(parse=grammar.when, examples=("sales.* blocked", "any unknown(no_data|stale) for 2 d")),
         "which verdicts it reacts to: one clause", required=True),
    _key("do", Items(each=STEP, lone=True), "the steps, in order", required=True),
    _key("cooldown", DURATION, "fires again in an open episode after this time"),
    _key("on_recovery", Text(choices={"upgrade": "back to the better preset", "release": "release the rule's hold"}),
         "what it does when its episode ends"),
))  # fmt: skip

STAGE = Word(
    words={"backtest": "judged on history", "full": "all traffic: champion"},
    form=Object(title="stage", keys=(
        _key("shadow", Number(parse=grammar.quantity, examples=("500 requests",)), "answers nobody, so many requests"),
        _key("canary", Number(parse=grammar.share, examples=("5 %",)), "answers this share"),
    )),
)  # fmt: skip

OBJECTIVE = Object(title="objective", open=True, keys=(
    _key("metric", LINE, "what the candidate must be better at", required=True),
    _key("over", ASSET, "the prediction frame it is read from"),
    _key("pair_by", Items(each=COLUMN, lone=True), "what evidence is paired by"),
    _key("confidence", SHARE, "of the interval (default 95 %)"),
    _key("margin", MARGIN, "how much better it must be", required=True),
    _key("label", COLUMN, "the column of labels (serving)"),
    _key("label_delay", DURATION, "how late labels come (serving)"),
    _key("min_label_coverage", SHARE, "share of labelled requests needed (serving)"),
))  # fmt: skip

GUARDRAIL = Object(title="guardrail", open=True, keys=(
    _key("metric", LINE, "what must not become worse", required=True),
    _key("aggregate", LINE, "which statistic"),
    _key("margin", MARGIN, "how much worse is tolerated", required=True),
    _key("test", Text(choices={w: w for w in ("e-process", "msprt", "confidence-sequence", "fixed")}),
         "how it is tested"),
    _key("alpha", SHARE, "chance of a false alarm"),
    _key("on_breach", Text(choices={w: w for w in ("rollback", "hold", "wait", "alert")}), "what follows"),
))  # fmt: skip

INVARIANT = Word(
    words={"finite": "every number is finite"},
    form=Object(title="invariant", keys=(
        _key("range", Items(each=Number(), least=2), "[low, high]"),
        _key("latency", DURATION, "the longest answer"),
    )),
)  # fmt: skip

RELEASE = Object(title="release", keys=(
    _key("model", MODEL, "whose versions", required=True),
    _key("stages", _list(STAGE), "a version's way", required=True),
    _key("first", Text(choices={"promises": "its own promises decide"}), "who becomes champion when there is none"),
    _key("objective", OBJECTIVE, "what decides", required=True),
    _key("inconclusive", Text(choices={"wait": "judged again with new evidence", "refuse": "refused"}),
         "what follows when the evidence does not decide"),
    _key("rollback", Object(title="rollback", keys=(
        _key("to", Text(choices={"last_good": "the last version not known to be bad"}), "where to"),
        _key("keep", Number(integer=True, least=1, most=100), "versions that stay loadable"),
    )), "how it goes back"),
    _key("min_samples", Number(integer=True, least=1), "nothing is final before so many backtests"),
    _key("max_samples", Number(integer=True, least=1), "refused when so many did not decide"),
    _key("unit", COLUMN, "sticky assignment key (serving)"),
    _key("guardrails", _list(GUARDRAIL), "what must not become worse (serving)"),
    _key("invariants", _list(INVARIANT), "what holds for every request (serving)"),
    _key("watch_after", DURATION, "guardrails go on so long after promotion (serving)"),
    _key("error_budget", Number(parse=grammar.quantity, examples=("100 requests",)),
         "bad requests it may cost (serving)"),
    _key("freeze", Items(each=LINE, lone=True), "when nothing is released (serving)"),
    _key("approval", Items(each=LINE, lone=True), "who must agree (serving)"),
))  # fmt: skip

DOCUMENT = Object(title="contract", keys=(
    _key("apiVersion", Text(choices={API: "the first version of the language"}), API, required=True),
    _key("kind", Text(choices={KIND: "a quality contract"}), KIND, required=True),
    _key("name", RULE_NAME, "its name", required=True),
    _key("version", Number(integer=True, least=1), "raised with every change", required=True),
    _key("owner", LINE, "who answers for it", required=True),
    _key("runbook", LINE, "what to do when it is broken"),
    _key("stakeholders", Items(each=STAKEHOLDER, least=0), "whom it binds"),
    _key("mode", MODES, "whether it acts"),
    _key("false_alarms", Number(least=0), "how many false alarms a month (30 days) all its learnt bounds and noise "
         "floors together may raise (default 1)"),
    _key("react_within", DURATION, "windows that ended longer ago do not react (default 7 d)"),
    _key("subjects", Table(each=SUBJECT, pattern=grammar.ID), "what is promised about what", required=True),
    _key("presets", Table(each=_list(ID), pattern=KEY), "named trade-offs of an asset, cheapest first"),
    _key("policy", Items(each=RULE, least=0), "which reaction follows which verdict"),
    _key("release", RELEASE, "a model version's way"),
))  # fmt: skip

WHICH = ("asset", "model", "service", "run", "through")
"""A subject is exactly one of these; a model may name its asset beside it."""
