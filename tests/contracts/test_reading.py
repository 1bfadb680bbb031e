"""Reading: what a good document becomes, and how each kind of wrong one is refused, with place and nearest guess."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from qoa_platform.contracts import EVERY_METRIC, ContractErrors, read, read_text
from qoa_platform.records import (
    Baseline,
    Fixed,
    MarginKind,
    Mode,
    Operator,
    ReactionKind,
    Reason,
    Reference,
    ReferenceKind,
    Role,
    Severity,
    SubjectKind,
    Unit,
    Usual,
    Versus,
    WhenStatus,
)  # fmt: skip
from tests.contracts.documents import EXAMPLES, GOOD, PROMISE, RETAIL, contract_of, promising, said, shop


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_the_running_examples_are_read(path: Path) -> None:
    """The contracts that the documentation shows are read without a problem, and have a digest."""
    contract = read(path)
    assert len(contract.digest) == 64
    assert contract.source == str(path)


def test_the_retail_contract_says_what_the_page_says() -> None:
    """Defaults, units, bounds and references of contracts/retail.yaml are those of contract-language.md section 1."""
    contract = read(RETAIL)
    sales = contract.subject("sales")
    assert sales is not None
    assert (sales.kind, sales.target, sales.delay) == (SubjectKind.ASSET, "retail/sales_day", timedelta(hours=6))
    assert sales.missing == (("product_category", ("",)),)
    assert [p.id for p in sales.promises if p.critical] == ["complete", "unique", "volume", "stores", "sane"]
    by_id = {p.id: p for s in contract.subjects for p in s.promises}
    assert by_id["complete"].must == Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %")
    assert by_id["volume"].must == Usual()
    assert by_id["known"].reference == Reference(kind=ReferenceKind.LAST_PARTITIONS, count=28)
    assert by_id["fresh"].must == Fixed(operator=Operator.LE, bound=26 * 3600.0, text="<= 26 h")
    assert (by_id["steady"].streak, by_id["steady"].severity, by_id["steady"].clear_after) == (3, Severity.WARNING, 2)
    live = by_id["live"]
    assert isinstance(live.must, Versus)
    assert (live.must.baseline, live.must.name) == (Baseline.REFERENCE, "weekday_mean")
    assert (live.must.margin.kind, live.must.margin.value) == (MarginKind.RELATIVE, 0.25)
    assert (live.window, live.min_n, live.over) == (timedelta(days=7), 16, "retail/scorecard")


def test_rules_and_release_become_records() -> None:
    """Rules keep the order of their steps; reasons, durations, attempts and the release are typed."""
    contract = read(RETAIL)
    rules = {r.name: r for r in contract.policy}
    refetch = rules["refetch"].steps[0]
    assert (refetch.kind, refetch.target, refetch.attempts) == (ReactionKind.RERUN, "retail/raw_day", 3)
    assert refetch.backoff == timedelta(minutes=5)
    assert [s.kind for s in rules["back-out"].steps] == [ReactionKind.ROLLBACK, ReactionKind.RERUN, ReactionKind.ALERT]
    blind = rules["blind"].when
    assert (blind.subject, blind.promise, blind.status) == (None, None, WhenStatus.UNKNOWN)
    assert blind.reasons == (Reason.NO_DATA, Reason.STALE, Reason.ERROR)
    assert blind.streak == timedelta(days=2)
    assert contract.release is not None
    assert [s.name for s in contract.release.stages] == ["backtest", "full"]
    assert contract.release.objective.pair_by == ("week", "department")
    assert contract.presets[0].names == ("poor", "medium", "high")
    assert [s.role for s in contract.stakeholders] == [Role.ML_CONSUMER, Role.DATA_PROVIDER, Role.ML_PROVIDER]


def test_keys_of_serving_are_read_and_kept() -> None:
    """Keys that are inert until serving exists are kept, so that they count in the digest."""
    release = read(EXAMPLES / "coupons.yaml").release
    assert release is not None
    assert [(s.name, s.amount, s.unit) for s in release.stages] == [
        ("shadow", 500.0, Unit.REQUESTS), ("canary", 0.05, Unit.RATIO), ("canary", 0.25, Unit.RATIO),
        ("full", None, None),
    ]  # fmt: skip
    kept = dict(release.serving)
    assert kept["unit"] == "household_id"
    assert kept["objective.label_delay"] == 7 * 86400.0
    assert set(kept) >= {"guardrails", "invariants", "watch_after"}


def test_optional_keys_of_a_subject() -> None:
    """since, where, sensitive, timezone and mode reach the record."""
    more = "    since: 2017-02-01\n    timezone: Europe/Helsinki\n    sensitive: [qty]\n    where: col('qty') > 0\n"
    contract = contract_of(promising(PROMISE.replace("}", ", mode: observe}"), subject=more))
    subject = contract.subjects[0]
    assert (subject.since, subject.timezone) == (date(2017, 2, 1), "Europe/Helsinki")
    assert (subject.sensitive, subject.where) == (("qty",), "col('qty') > 0")
    assert subject.promises[0].mode is Mode.OBSERVE


def test_lines_say_where_everything_stands() -> None:
    """Every subject, promise, rule and step can be found in its file again."""
    contract = read(RETAIL)
    lines = RETAIL.read_text(encoding="utf-8").splitlines()
    line = contract.line("subjects.sales.promises.volume")
    assert line is not None
    assert "id: volume" in lines[line - 1]
    assert contract.line("policy.refetch.do.0.attempts") == contract.line("policy.refetch")
    assert contract.line("subjects.nothing") is None


def test_all_errors_at_once_in_the_order_of_their_lines() -> None:
    """Four mistakes in four places give four problems, each with file, line and column, sorted."""
    broken = shop(
        ("version: 1", "version: soon"), ("data_provider", "data_provder"), ("data.completeness", "data.completness"),
        ("[alert]", "[alrt]"),
    )  # fmt: skip
    assert said(broken) == [
        "shop.yaml:4:10  E103 'version' must be a whole number, found 'soon'",
        "shop.yaml:9:24  E105 role 'data_provder' is not allowed. Did you mean 'data_provider'?",
        "shop.yaml:17:32  E104 unknown metric 'data.completness'. Did you mean 'data.completeness'?",
        "shop.yaml:19:47  E105 step 'alrt' is not allowed. Did you mean 'alert'?",
    ]


P = '{id: p, metric: data.completeness, column: qty, must: ">= 1"}'


@pytest.mark.parametrize("bound", [">= 99 %", "%", "@x", "*"])
def test_a_bound_without_quotes_says_what_to_do(bound: str) -> None:
    """The mistake that everybody makes once: YAML gives such a character a meaning of its own, and the hint says so."""
    for text in (shop(('">= 99 %"', bound)), f"a:\n  must: {bound}\n"):
        (line,) = said(text)
        assert line.endswith('Put the value in quotes, as in: must: ">= 99 %"'), line


REFUSED: list[tuple[str, str, str]] = [
    # what is wrong, the document, how the first line of the answer goes on after file and place
    ("no mapping", "- 1\n", "E103 must be a mapping (contract), found a list"),
    ("wrong apiVersion", shop(("qoa/v1", "qoa/v2")), "E105 apiVersion 'qoa/v2' is not allowed. Did you mean 'qoa/v1'?"),
    ("wrong kind", shop(("QualityContract", "Contract")), "E105 kind 'Contract' is not allowed."),
    ("data contract", shop(("QualityContract", "DataContract")), "E105 this is an ODCS data contract."),
    ("unknown key", shop(("owner", "ownr")), "E102 contract needs 'owner'"),
    ("unknown key of a subject", shop(("event_time", "event_tme")),
     "E101 unknown key 'event_tme' in subject. Did you mean 'event_time'?"),
    ("name with a capital", shop(("name: shop", "name: Shop")), "E110 'Shop' is no name of this kind"),
    ("subject id with a dash", shop(("  sales:", "  sa-les:")), "E110 'sa-les' is no name of this kind"),
    ("asset that escapes", shop(("shop/sales", "../etc/passwd")), "E110 '../etc/passwd' is no name of this kind"),
    ("absolute asset", shop(("shop/sales", "/etc/passwd")), "E110 '/etc/passwd' is no name of this kind"),
    ("unknown unit", promising(P.replace(">= 1", ">= 1 parsec")), "E106 unknown unit 'parsec'. Allowed: %, B"),
    ("unit of another kind", promising(P.replace(">= 1", ">= 5 h")),
     "E106 unit 'h' does not fit a metric counted in 'ratio'"),
    ("infinite bound", promising(P.replace(">= 1", ">= 1e999")), "E106"),
    ("unknown operator", promising(P.replace(">= 1", "above 1")), "E106 unknown operator 'above'"),
    ("between upside down", promising(P.replace(">= 1", "between 2 and 1")),
     "E106 'between 2 and 1': the lower bound lies above"),
    ("no bound", promising("{id: p, metric: data.completeness, column: qty}"),
     "E114 a promise has one bound, found none"),
    ("two bounds", promising(P.replace("}", ", mustBe: 1}")), "E114 a promise has one bound, found must, mustBe"),
    ("versus without margin", promising("{id: p, metric: data.completeness, column: qty, versus: previous}"),
     "E114 versus and margin belong together"),
    ("margin without versus", promising(P.replace("}", ", margin: 1 %}")), "E114 versus and margin belong together"),
    ("no column", promising('{id: p, metric: data.completeness, must: ">= 1"}'),
     "E109 data.completeness reads one column or more, found none"),
    ("needless column", promising('{id: p, metric: data.row_count, column: qty, must: ">= 1"}'),
     "E109 data.row_count reads no column, found qty"),
    ("column and columns", promising(P.replace("column: qty", "column: qty, columns: [a]")),
     "E114 column and columns exclude one another"),
    ("column twice", promising(P.replace("column: qty", "columns: [a, a]")), "E111 column 'a' is named twice"),
    ("unknown parameter", promising(P.replace("}", ", colour: red}")),
     "E101 unknown key 'colour' for data.completeness"),
    ("missing parameter", promising('{id: p, metric: data.in_set, column: a, must: "= 1"}'),
     "E108 data.in_set needs the parameter 'values'"),
    ("parameter of a wrong kind", promising('{id: p, metric: data.in_set, column: a, values: 3, must: "= 1"}'),
     "E108 parameter 'values': found 3. Allowed: a list of values"),
    ("unknown weight", promising('{id: p, metric: data.segment_completeness, column: a, weight: row, must: ">= 1"}'),
     "E108 weight 'row' is not allowed. Did you mean 'rows'?"),
    ("expression that does not parse", promising('{id: p, metric: data.pass_rate, expr: "col(\'a\') >", must: ">= 1"}'),
     "E115 expression, character"),
    ("expression that is code", promising('{id: p, metric: data.pass_rate, expr: "__import__(\'os\')", must: ">= 1"}'),
     "E115"),
    ("no expression", promising('{id: p, metric: data.pass_rate, must: ">= 1"}'), "E108 data.pass_rate needs 'expr'"),
    ("promise twice", promising(P, P), "E111 promise 'p' stands twice, first on line 17"),
    ("promise called schema", promising(P.replace("id: p", "id: schema"), subject="    schema: x.yaml\n"), "E113"),
    ("bad reference", promising(P.replace("}", ", reference: last 0 partitions}")),
     "E106 'last 0 partitions' is no reference"),
    ("bad schedule", shop(("expected: daily", "expected: dayly")), "E106 'dayly' is no schedule"),
    ("bad zone", shop(("    partition", "    timezone: Mars/Olympus\n    partition")),
     "E106 unknown time zone 'Mars/Olympus'"),
    ("bad day", shop(("    partition", "    since: 2017-02-30\n    partition")), "E106 '2017-02-30' is no day"),
    ("two subjects in one", shop(("    partition", "    service: x\n    partition")),
     "E114 a subject is one of asset, model, service, run or through, found asset, service"),
    ("no subject", shop(("    asset: shop/sales\n", "")), "E114 a subject is one of"),
    ("a schema that is not there", shop(("    partition", "    schema: gone.odcs.yaml\n    partition")),
     "E113 schema 'gone.odcs.yaml' cannot be found"),
    ("unknown status", shop(("violated", "broken")), "E106 unknown status 'broken'"),
    ("two clauses", shop(("sales.* violated", "sales.* violated or any blocked")), "E106"),
    ("unknown subject of a rule", shop(("sales.* v", "sale.* v")),
     "E112 there is no subject 'sale'. Did you mean 'sales'?"),
    ("unknown promise of a rule", shop(("sales.* v", "sales.complet v")),
     "E112 subject 'sales' promises no 'complet'. Did you mean 'complete'?"),
    ("two things in a step", shop(("[alert]", "[{rerun: a, retrain: b}]")),
     "E114 a step is one thing to do, found rerun, retrain"),
    ("nothing in a step", shop(("[alert]", "[{attempts: 3}]")), "E114 a step is one thing to do, found none"),
    ("rule twice", shop(("policy:", "policy:\n  - {name: tell, when: any violated, do: alert}")),
     "E111 rule 'tell' stands twice"),
    ("stakeholder twice", shop(("name: feed, role: data_provider", "name: ops, role: ml_consumer")),
     "E111 stakeholder"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_is_wrong_is_refused_with_its_place(document: str, expected: str) -> None:
    """The first problem says file:line:column, its code, what was found, and what is allowed (or the nearest guess)."""
    first = said(document)[0]
    place, _, rest = first.partition("  ")
    file, line, column = place.split(":")
    assert file == "shop.yaml"
    assert int(line) >= 1 <= int(column)
    assert rest.startswith(expected), first


RELEASE = """release:
  model: m
  stages: [backtest, full]
  objective: {metric: model.wape, over: shop/backtest, pair_by: [week], margin: 0 %}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[backtest, full]", "[full, backtest]", "E106 stages must widen"),
        ("[backtest, full]", "[backtest]", "E106 the last stage must be 'full'"),
        ("[backtest, full]", "[{canary: 120 %}, full]", "E106 '120 %' is no share"),
        ("[backtest, full]", "[{shadow: 5 h}, full]", "E106 unit 'h' does not fit a metric counted in 'requests'"),
        ("margin: 0 %", "margin: -1 %", "E106 '-1 %' is negative"),
        ("model.wape", "model.wap", "E104 unknown metric 'model.wap'. Did you mean 'model.wape'?"),
        ("  model: m", "  model: m\n  min_samples: 5\n  max_samples: 2", "E106 min_samples 5 is above max_samples 2"),
    ],
)
def test_a_release_is_checked(old: str, new: str, expected: str) -> None:
    """Stages widen and end in full, margins are not negative, the objective's metric exists."""
    assert said(shop() + RELEASE) == []
    found = said(shop() + RELEASE.replace(old, new))
    assert any(line.partition("  ")[2].startswith(expected) for line in found), found


def test_a_missing_file_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    """A path that cannot be read, a folder, a name with a null byte: ContractErrors, like any other mistake."""
    for path in (tmp_path / "none.yaml", tmp_path, Path("a\x00b")):
        with pytest.raises(ContractErrors, match="E001 cannot be read"):
            read(path)


def test_a_text_with_a_line_break_is_a_document_itself() -> None:
    """Read takes a path, or the document."""
    assert read(shop()) == read_text(shop())


def test_without_a_catalogue_metrics_are_not_checked_but_spelling_is() -> None:
    """catalogue=None lets unknown metrics through, not unknown keys of other records."""
    text = promising('{id: p, metric: mine.own, column: qty, must: ">= 99 %"}')
    assert read_text(text, catalogue=None).subjects[0].promises[0].metric == "mine.own"
    with pytest.raises(ContractErrors, match="E104"):
        read_text(text, catalogue=EVERY_METRIC)
    with pytest.raises(ContractErrors, match="E101"):
        read_text(text.replace("owner:", "owmer:"), catalogue=None)


def test_a_schema_beside_the_contract_is_found_and_one_outside_is_not(tmp_path: Path) -> None:
    """schema: names a file of the contract's folder, or below; no name, and no link, leads out of it."""
    (tmp_path / "in").mkdir()
    data = (
        "apiVersion: v3.1.0\nkind: DataContract\nschema: [{name: s, properties: [{name: qty, logicalType: integer}]}]\n"
    )
    (tmp_path / "outside.odcs.yaml").write_text(data, encoding="utf-8")
    (tmp_path / "in" / "s.odcs.yaml").write_text(data, encoding="utf-8")
    (tmp_path / "in" / "link.odcs.yaml").symlink_to(tmp_path / "outside.odcs.yaml")
    contract = tmp_path / "in" / "shop.yaml"

    def with_schema(name: str) -> str:
        contract.write_text(shop(("    partition", f"    schema: {name}\n    partition")), encoding="utf-8")
        try:
            return str(read(contract).subjects[0].schema)
        except ContractErrors as error:
            return str(error)

    assert "logicalType" not in with_schema("s.odcs.yaml")
    assert "'integer'" in with_schema("s.odcs.yaml") or '"integer"' in with_schema("s.odcs.yaml")
    assert "lies outside the contract's folder" in with_schema("../outside.odcs.yaml")
    assert "lies outside the contract's folder" in with_schema("link.odcs.yaml")
    assert "there is no such file" in with_schema("t.odcs.yaml")
    assert "there is no single object 'x'" in with_schema("s.odcs.yaml#x")
    (tmp_path / "in" / "bad.odcs.yaml").write_text("kind: DataContract\n", encoding="utf-8")
    assert "bad.odcs.yaml:1:1  E102 'schema' is missing" in with_schema("bad.odcs.yaml")
