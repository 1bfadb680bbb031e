"""Owns the rules about single promises: can they be measured, can they be kept, do they say what was meant?"""

from collections.abc import Iterator

from qoa_platform.contracts.linting_intervals import Interval, interval_of, possible
from qoa_platform.contracts.linting_setting import Finding, LintRule, Setting
from qoa_platform.contracts.problem import guess
from qoa_platform.metrics import MetricError, Source
from qoa_platform.metrics.compat import computed, variant
from qoa_platform.metrics.expressions import ExpressionError
from qoa_platform.metrics.own import unloaded
from qoa_platform.metrics.row_level import ROW_LEVEL
from qoa_platform.records import (
    Baseline,
    Direction,
    Fixed,
    Operator,
    Promise,
    ReferenceKind,
    Subject,
    SubjectKind,
    Versus,
)

_AGAINST = {
    Direction.HIGHER: frozenset({Operator.LT, Operator.LE}),
    Direction.LOWER: frozenset({Operator.GT, Operator.GE}),
    Direction.TARGET: frozenset[Operator](),
}
_TURNED = {Operator.LT: ">", Operator.LE: ">=", Operator.GT: "<", Operator.GE: "<="}


def unmeasurable(setting: Setting) -> Iterator[Finding]:
    """A promise that its metric cannot be built from: unknown, without columns, without a parameter it needs."""
    for subject, promise, path in setting.promises:
        spec = setting.spec(promise.metric)
        if spec is None:
            said = f"unknown metric {promise.metric!r}"
            yield Finding(
                path=f"{path}.metric",
                message=said,
                hint=guess(promise.metric, setting.catalogue, listed=0) + unloaded(),
            )
            continue
        try:
            if promise.compat is None:
                spec.build(promise, subject)
            else:
                variant(promise, subject, lambda _: ())
        except (MetricError, ExpressionError) as error:
            said = str(error).removeprefix(f"promise {promise.id!r}: ")
            yield Finding(path=f"{path}.metric", message=said)


def wrong_source(setting: Setting) -> Iterator[Finding]:
    """A metric of another kind of subject: of a run on an asset, of a frame on a service."""
    for subject, promise, path in setting.promises:
        spec = setting.spec(promise.metric)
        if spec is None or promise.over is not None:
            continue
        match spec.source:
            case Source.FRAME | Source.PUBLICATION if subject.kind is not SubjectKind.ASSET:
                hint = "Promise it of an asset, or name one: over: ASSET"
            case Source.PREDICTIONS if subject.kind is not SubjectKind.ASSET:
                hint = "Name the prediction frame: over: ASSET"
            case Source.RUN if subject.kind is not SubjectKind.RUN:
                hint = "Promise it of a run, as in: run: [retail/features, retail/demand_model]"
            case _:
                continue
        said = f"{spec.id} is not measured of {_a(subject.kind)}"
        yield Finding(path=f"{path}.metric", message=said, hint=hint)


def _a(kind: SubjectKind) -> str:
    return f"an {kind}" if kind is SubjectKind.ASSET else f"a {kind}"


def against_direction(setting: Setting) -> Iterator[Finding]:
    """A bound that demands the bad side of the metric, such as a slow answer, without ``intent: unusual``."""
    for _, promise, path in setting.promises:
        spec, must = setting.spec(promise.metric), promise.must
        if spec is None or not isinstance(must, Fixed) or promise.unusual_intent:
            continue
        if must.operator in _AGAINST[spec.direction]:
            better = "higher" if spec.direction is Direction.HIGHER else "lower"
            turned = must.text.replace(must.operator, _TURNED[must.operator], 1)
            hint = f"Did you mean {turned!r}? If it is meant: intent: unusual"
            said = f"{must.text!r} contradicts the direction of {spec.id}: {better} is better"
            yield Finding(path=f"{path}.must", message=said, hint=hint)


def needless_intent(setting: Setting) -> Iterator[Finding]:
    """``intent: unusual`` on a bound that is not against the metric's direction."""
    for _, promise, path in setting.promises:
        spec, must = setting.spec(promise.metric), promise.must
        meant = isinstance(must, Fixed) and spec is not None and must.operator in _AGAINST[spec.direction]
        if promise.unusual_intent and spec is not None and not meant:
            yield Finding(path=f"{path}.intent", message="intent: unusual says nothing here", hint="Remove it")


def never_kept(setting: Setting) -> Iterator[Finding]:
    """A bound outside what the metric can be: it would be violated for ever."""
    for promise, path, bound, range_ in _bounded(setting):
        if not bound.meets(range_):
            yield Finding(
                path=f"{path}.must", message=f"{promise.metric} can never be {_said(promise)}", hint=_percent(promise)
            )


def always_kept(setting: Setting) -> Iterator[Finding]:
    """A bound that everything keeps: it promises nothing."""
    for promise, path, bound, range_ in _bounded(setting):
        if bound.holds(range_):
            yield Finding(
                path=f"{path}.must", message=f"{promise.metric} is always {_said(promise)}", hint=_percent(promise)
            )


def _bounded(setting: Setting) -> Iterator[tuple[Promise, str, Interval, Interval]]:
    for _, promise, path in setting.promises:
        spec = setting.spec(promise.metric)
        bound = interval_of(promise.must)
        if spec is not None and bound is not None:
            yield promise, path, bound, possible(spec)


def _said(promise: Promise) -> str:
    return promise.must.text if isinstance(promise.must, Fixed) else str(promise.must)


def _percent(promise: Promise) -> str:
    must = promise.must
    if isinstance(must, Fixed) and must.bound > 1 and must.text.rstrip().endswith(tuple("0123456789.")):
        return f"Did you mean '{must.text.rstrip()} %'?"
    return ""


def no_reference(setting: Setting) -> Iterator[Finding]:
    """A metric that compares with a reference, and names none."""
    for _, promise, path in setting.promises:
        spec = setting.spec(promise.metric)
        if spec is not None and spec.needs_reference and promise.reference is None:
            said = f"{spec.id} is compared with a reference, and none is named"
            yield Finding(path=path, message=said, hint="As in: reference: training, or reference: last 28 partitions")


def never_referred(setting: Setting) -> Iterator[Finding]:
    """A reference that will never be in force: training, or a champion, where no model is trained or released."""
    models = [s.model for s in setting.contract.subjects if s.kind is SubjectKind.MODEL]
    for subject, promise, path in setting.promises:
        must = promise.must
        if promise.reference is not None and promise.reference.kind is ReferenceKind.TRAINING and not models:
            said = "reference: training, but this contract is about no model"
            yield Finding(path=f"{path}.reference", message=said, hint="Add a subject with model:")
        if isinstance(must, Versus) and must.baseline is Baseline.CHAMPION and subject.model not in setting.released:
            said = f"versus: champion, but {_release_of(subject)} has no release"
            yield Finding(path=f"{path}.versus", message=said, hint="Add release:, which says who becomes champion")


def _release_of(subject: Subject) -> str:
    return f"model {subject.model!r}" if subject.model is not None else f"subject {subject.id!r}, which is no model,"


def not_computed(setting: Setting) -> Iterator[Finding]:
    """A metric that is declared but not computed yet: its verdicts are unknown(not_applicable)."""
    for _, promise, path in setting.promises:
        spec = setting.spec(promise.metric)
        if spec is not None and (not spec.implemented or not computed(promise)):
            what = spec.id if promise.compat is None else f"{spec.id}, compat {promise.compat!r}"
            said = f"{what} is not computed yet: its verdicts will be unknown(not_applicable)"
            yield Finding(path=f"{path}.metric", message=said)


def nothing_to_set_aside(setting: Setting) -> Iterator[Finding]:
    """`set_aside:` where no row could be set aside: a metric of no single row, `over:`, no asset, no `schema:`."""
    for subject, promise, path in setting.promises:
        if promise.set_aside is None:
            continue
        if subject.kind is not SubjectKind.ASSET or promise.over is not None:
            said = "only rows that the subject's own asset publishes can be set aside"
            yield Finding(path=f"{path}.set_aside", message=said, hint="Promise it of the asset itself")
        elif promise.metric not in ROW_LEVEL:
            said = f"{promise.metric} says nothing of a single row: none can be set aside"
            yield Finding(path=f"{path}.set_aside", message=said, hint=f"Allowed: {', '.join(sorted(ROW_LEVEL))}")
    for subject in setting.contract.subjects:
        if subject.set_aside is not None and (subject.schema is None or subject.kind is not SubjectKind.ASSET):
            said = "set_aside of a subject is about its schema, and there is none"
            path = f"subjects.{subject.id}.set_aside"
            yield Finding(path=path, message=said, hint="Name a schema:, or write set_aside at a promise")


JUDGED_BY_NOISE = frozenset({
    "drift.psi", "drift.hellinger", "drift.js", "drift.cramers_v", "drift.ks", "drift.ks_p", "drift.chi2_p",
    "drift.tvd", "drift.linf", "drift.wasserstein", "drift.wasserstein_std", "drift.mean_shift",
    "drift.mmd", "drift.domain_auc",
    "service.error_e_value",
})  # fmt: skip
"""Metrics of which the chance under "nothing changed" is known, or which are evidence themselves."""


def nothing_to_discover(setting: Setting) -> Iterator[Finding]:
    """`fdr:` where no rate of false discoveries can be held: a metric without a law of noise, or no bound."""
    for _, promise, path in setting.promises:
        if promise.fdr is None:
            continue
        if promise.metric not in JUDGED_BY_NOISE or not isinstance(promise.must, Fixed):
            said = f"{promise.metric} {'has no law of noise' if isinstance(promise.must, Fixed) else 'has no bound'}"
            hint = f"Allowed: a bound on one of {', '.join(sorted(JUDGED_BY_NOISE))}"
            yield Finding(path=f"{path}.fdr", message=f"{said}: no rate of false discoveries can be held", hint=hint)


def of_no_series(setting: Setting) -> Iterator[Finding]:
    """`of:` that names no promise of the subject with one series: unknown, itself, several columns, other rows."""
    for subject, promise, path in setting.promises:
        name = dict(promise.params).get("of")
        if not isinstance(name, str) or not promise.metric.startswith("drift."):
            continue
        named, others = subject.promise(name), [p.id for p in subject.promises if p.id != promise.id]
        if named is None or named is promise:
            said = f"{subject.id!r} has no other promise {name!r}"
            yield Finding(path=f"{path}.of", message=said, hint=guess(name, others))
            continue
        spec = setting.spec(named.metric)
        if "of" in dict(named.params):
            said = f"{name!r} is of a detector itself"
        elif len(named.columns) > 1 and spec is not None and spec.per_column:
            said = f"{name!r} is over {len(named.columns)} columns, a series each"
        elif named.over != promise.over:
            said = f"{name!r} reads {named.over or 'the subject itself'}, this promise {promise.over or 'the subject'}"
        else:
            continue
        yield Finding(path=f"{path}.of", message=said, hint="Name a promise with one series, over the same frame")


RULES = (
    LintRule(code="E222", check=of_no_series),
    LintRule(code="E221", check=nothing_to_discover),
    LintRule(code="E220", check=nothing_to_set_aside),
    LintRule(code="E204", check=unmeasurable),
    LintRule(code="E205", check=wrong_source),
    LintRule(code="E206", check=against_direction),
    LintRule(code="E207", check=never_kept),
    LintRule(code="E209", check=no_reference),
    LintRule(code="W307", check=always_kept),
    LintRule(code="W308", check=needless_intent),
    LintRule(code="W309", check=never_referred),
    LintRule(code="I402", check=not_computed),
)
