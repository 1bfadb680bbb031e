"""Owns the rules about what a contract is about: do its assets and columns exist, are windows due, who is bound?"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from qoa_platform.contracts.linting_setting import Finding, LintRule, Setting, declared, frame_of
from qoa_platform.contracts.problem import guess
from qoa_platform.contracts.schema import FrameSchema, LogicalType
from qoa_platform.metrics import MetricError, build
from qoa_platform.metrics.expressions import ExpressionError, columns, parse_condition
from qoa_platform.records import Promise, Reason, Role, Subject, SubjectKind, WhenStatus

CONSUMERS = frozenset({Role.ML_CONSUMER, Role.DATA_CONSUMER})
PROVIDERS = frozenset(Role) - CONSUMERS
UNBOUNDED = frozenset({
    LogicalType.NUMBER, LogicalType.TIMESTAMP, LogicalType.DATE, LogicalType.TIME, LogicalType.OBJECT,
    LogicalType.ARRAY,
})  # fmt: skip
"""Types whose values are not groups: there is a new one for (nearly) every row or day."""


def unknown_asset(setting: Setting) -> Iterator[Finding]:
    """An asset that nothing produces: its promises would never be measured."""
    for path, asset in _named(setting):
        if asset not in setting.assets:
            yield Finding(path=path, message=f"no asset {asset!r} is defined", hint=guess(asset, setting.assets))
    for subject in setting.contract.subjects:
        for link in subject.through:
            known = setting.assets | setting.services | setting.models
            if link not in known:
                said = f"{link!r} is no asset, service or model"
                yield Finding(path=f"subjects.{subject.id}.through", message=said, hint=guess(link, known))


def _named(setting: Setting) -> Iterator[tuple[str, str]]:
    for subject in setting.contract.subjects:
        if subject.asset is not None:
            yield f"subjects.{subject.id}.asset", subject.asset
        yield from ((f"subjects.{subject.id}.run", step) for step in subject.run)
    yield from ((f"{path}.over", p.over) for _, p, path in setting.promises if p.over is not None)
    for subject, promise, path in setting.promises:
        yield from ((f"{path}.metric", name) for name in sorted(_beside(setting, subject, promise)))
    yield from ((f"presets.{p.asset}", p.asset) for p in setting.contract.presets)
    release = setting.contract.release
    if release is not None and release.objective.over is not None:
        yield "release.objective.over", release.objective.over


def _beside(setting: Setting, subject: Subject, promise: Promise) -> set[str]:
    """The assets whose frames the promise reads beside its own: a parent, another book, a truth."""
    if setting.spec(promise.metric) is None or promise.compat is not None:
        return set()
    try:
        return {name for metric in build(promise, subject) if (name := getattr(metric, "beside", None)) is not None}
    except (MetricError, ExpressionError):
        return set()


def unknown_column(setting: Setting) -> Iterator[Finding]:
    """A column that the frame does not have, as far as its columns are known."""
    for subject in setting.contract.subjects:
        if subject.kind is SubjectKind.ASSET:
            yield from _missing(setting, subject.asset, _own_columns(subject), f"subjects.{subject.id}")
    for subject, promise, path in setting.promises:
        asset = frame_of(subject, promise)
        yield from _missing(setting, asset, _columns_read(setting, subject, promise), path)
    release = setting.contract.release
    if release is not None:
        pairs = [("pair_by", column) for column in release.objective.pair_by]
        yield from _missing(setting, release.objective.over, pairs, "release.objective")


def _missing(setting: Setting, asset: str | None, named: Iterable[tuple[str, str]], path: str) -> Iterator[Finding]:
    known = setting.columns_of(asset)
    seen: set[str] = set()
    for key, column in named:
        if known is not None and column not in known and column not in seen:
            seen.add(column)
            said = f"{asset} has no column {column!r}"
            yield Finding(path=f"{path}.{key}", message=said, hint=guess(column, known, listed=30))


def _own_columns(subject: Subject) -> Iterator[tuple[str, str]]:
    if subject.event_time is not None:
        yield "event_time", subject.event_time
    yield from (("segments", column) for column in subject.segments)
    yield from (("missing", column) for column, _ in subject.missing)
    yield from (("sensitive", column) for column in subject.sensitive)
    yield from (("where", column) for column in _in(subject.where))


def _columns_read(setting: Setting, subject: Subject, promise: Promise) -> Iterator[tuple[str, str]]:
    key = "column" if len(promise.columns) == 1 else "columns"
    yield from ((key, column) for column in promise.columns)
    yield from (("expr", column) for column in _in(promise.expr))
    yield from (("where", column) for column in _in(promise.where))
    if promise.by is not None:
        yield "by", promise.by
    if setting.spec(promise.metric) is None:
        return
    try:
        metrics = build(promise, subject)
    except (MetricError, ExpressionError):
        return
    yield from (("metric", column) for metric in metrics for column in getattr(metric, "columns", ()))


def _in(condition: str | None) -> tuple[str, ...]:
    if condition is None:
        return ()
    try:
        return tuple(sorted(columns(parse_condition(condition))))
    except ExpressionError:
        return ()


def other_trainer(setting: Setting) -> Iterator[Finding]:
    """A model whose asset does not train it."""
    for subject in setting.contract.subjects:
        if setting.graph is None or subject.kind is not SubjectKind.MODEL or subject.model is None:
            continue
        trainer = setting.graph.trainer(subject.model)
        if subject.asset is not None and subject.asset in setting.assets and trainer != subject.asset:
            said = f"{subject.asset} does not train model {subject.model!r}"
            hint = f"{trainer} does" if trainer is not None else "No asset does"
            yield Finding(path=f"subjects.{subject.id}.asset", message=said, hint=hint)


def other_partitioning(setting: Setting) -> Iterator[Finding]:
    """A subject with partitions of an asset without, or the other way round."""
    for subject in setting.contract.subjects:
        node = setting.graph.node(subject.asset) if setting.graph is not None and subject.asset is not None else None
        if node is None or subject.kind is not SubjectKind.ASSET or node.partitioned == (subject.partition is not None):
            continue
        path = f"subjects.{subject.id}.{'asset' if subject.partition is None else 'partition'}"
        has = "has partitions" if node.partitioned else "has no partitions"
        wanted = "Write partition: day" if node.partitioned else "Leave partition: out"
        yield Finding(path=path, message=f"{node.asset} {has}", hint=wanted)


def broken_chain(setting: Setting) -> Iterator[Finding]:
    """A chain whose links are not connected in the asset graph."""
    for subject in setting.contract.subjects:
        links = [link for link in subject.through if link in setting.assets]
        for first, second in pairwise(links):
            if setting.graph is not None and not setting.graph.between(first, second):
                said = f"no way leads from {first} to {second}"
                yield Finding(path=f"subjects.{subject.id}.through", message=said, hint="Order: upstream first")


def never_due(setting: Setting) -> Iterator[Finding]:
    """A rule that reacts to missing data of a subject without ``expected:``: silence would never be noticed."""
    for rule in setting.contract.policy:
        for subject in setting.named_by(rule):
            if subject.kind is not SubjectKind.ASSET or subject.partition is None or subject.expected is not None:
                continue
            explicit = rule.when.status is WhenStatus.UNKNOWN and Reason.NO_DATA in (rule.when.reasons or list(Reason))
            if explicit or rule.when.status is WhenStatus.BLOCKED:
                said = f"{rule.when.text!r} reacts to no_data, but no window of {subject.id!r} is ever due"
                yield Finding(path=f"policy.{rule.name}.when", message=said, hint="As in: expected: daily")


def no_runbook(setting: Setting) -> Iterator[Finding]:
    """No runbook: whoever is woken does not know what to do."""
    if not setting.contract.runbook:
        yield Finding(path="", message="there is no runbook", hint="As in: runbook: docs/runbooks/retail.md")


def missing_role(setting: Setting) -> Iterator[Finding]:
    """Nobody is bound as a consumer (who is affected), or nobody as a provider (who is responsible)."""
    roles = {s.role for s in setting.contract.stakeholders}
    for wanted, who in ((CONSUMERS, "affected"), (PROVIDERS, "responsible")):
        if not roles & wanted:
            hint = f"Allowed roles: {', '.join(sorted(wanted))}"
            yield Finding(path="stakeholders", message=f"no stakeholder is {who}: an incident names nobody", hint=hint)


def unbounded_groups(setting: Setting) -> Iterator[Finding]:
    """Segments or ``by:`` of a column with a value of its own for (nearly) every row."""
    for subject in setting.contract.subjects:
        schema = declared(subject)
        named = [(f"subjects.{subject.id}.segments", column) for column in subject.segments]
        named += [
            (f"subjects.{subject.id}.promises.{p.id}.by", p.by) for p in subject.promises if p.by and p.over is None
        ]
        for path, column in named:
            why = _unbounded(subject, schema, column)
            if why is not None:
                said = f"{column!r} {why}: there is no end of groups"
                yield Finding(path=path, message=said, hint="Choose a column with few values")


def sensitive_groups(setting: Setting) -> Iterator[Finding]:
    """Groups by a sensitive column: their names are its values, so only the whole is judged."""
    for subject in setting.contract.subjects:
        named = [(f"subjects.{subject.id}.segments", column) for column in subject.segments]
        named += [(f"subjects.{subject.id}.promises.{p.id}.by", p.by) for p in subject.promises if p.by]
        for path, column in named:
            if column in subject.sensitive:
                said = f"{column!r} is sensitive, and its values would name the groups: only the whole is judged"
                yield Finding(path=path, message=said, hint="Choose a column that is not, or leave it out")


def _unbounded(subject: Subject, schema: FrameSchema | None, column: str) -> str | None:
    if column == subject.event_time:
        return "is the event time"
    if any(p.metric == "data.uniqueness" and p.columns == (column,) for p in subject.promises):
        return "is promised to be unique"
    found = schema.column(column) if schema is not None else None
    if schema is None or found is None:
        return None
    if found.unique or schema.key == (column,):
        return "is unique"
    return f"is a {found.type}" if found.type in UNBOUNDED else None


RULES = (
    LintRule(code="E201", check=unknown_asset, needs_graph=True),
    LintRule(code="E202", check=unknown_column),
    LintRule(code="E203", check=other_trainer, needs_graph=True),
    LintRule(code="W301", check=other_partitioning, needs_graph=True),
    LintRule(code="W302", check=broken_chain, needs_graph=True),
    LintRule(code="W303", check=never_due),
    LintRule(code="W304", check=no_runbook),
    LintRule(code="W305", check=missing_role),
    LintRule(code="W306", check=unbounded_groups),
    LintRule(code="W317", check=sensitive_groups),
)
