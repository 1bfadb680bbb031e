"""Owns a small contract that the linter has nothing to say about, its asset graph, and ways to change both."""

from dataclasses import dataclass

from qoa_platform.contracts import Problem, lint, read_text
from qoa_platform.contracts.schema import ColumnSchema, FrameSchema, LogicalType
from qoa_platform.records import Graph, Node, SchemaRef

CLEAN = """\
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: ops
runbook: docs/shop.md
stakeholders:
  - {name: ops,  role: ml_consumer}
  - {name: feed, role: data_provider}
subjects:
  sales:
    asset: shop/sales
    partition: day
    event_time: sold_at
    expected: daily
    schema: sales.odcs.yaml
    segments: [dept]
    promises:
      - {id: complete, metric: data.completeness, column: qty, must: ">= 99 %", severity: critical}
      - {id: steady, metric: drift.psi, column: qty, reference: training, must: "< 0.2"}
  demand:
    model: demand
    asset: shop/model
    promises:
      - {id: good, metric: model.wape, over: shop/backtest, by: dept, versus: champion, margin: 0 %}
  training:
    run: [shop/features, shop/model]
    promises:
      - {id: slow, metric: resource.elapsed, must: "<= 60 s"}
presets:
  shop/features: [low, high]
policy:
  - {name: stop, when: sales.* blocked, do: [quarantine, alert]}
  - {name: again, when: sales.* blocked, do: [{rerun: shop/raw, attempts: 3}]}
  - {name: learn, when: sales.steady violated, do: [{retrain: demand}], cooldown: 7 d}
  - {name: back, when: demand.good violated, do: [{rollback: demand}, alert]}
  - {name: cheap, when: training.slow violated, do: [{degrade: shop/features}], on_recovery: upgrade, cooldown: 7 d}
release:
  model: demand
  stages: [backtest, full]
  objective: {metric: model.wape, over: shop/backtest, pair_by: [week, dept], margin: 0 %}
  rollback: {to: last_good, keep: 2}
"""

SCHEMA = FrameSchema(
    columns=(
        ColumnSchema(name="sale_id", type=LogicalType.INTEGER, unique=True),
        ColumnSchema(name="sold_at", type=LogicalType.TIMESTAMP, timezone="UTC"),
        ColumnSchema(name="qty", type=LogicalType.INTEGER),
        ColumnSchema(name="price", type=LogicalType.NUMBER),
        ColumnSchema(name="dept", type=LogicalType.STRING),
    )
)
BACKTEST = ("version", "time", "week", "dept", "actual", "predicted")
NODES = (
    Node(asset="shop/raw", partitioned=True),
    Node(asset="shop/sales", upstream=("shop/raw",), partitioned=True),
    Node(asset="shop/features", upstream=("shop/sales",)),
    Node(asset="shop/model", upstream=("shop/features",), model="demand"),
    Node(asset="shop/backtest", upstream=("shop/model",), columns=BACKTEST),
    Node(asset="shop/other"),
)
GRAPH = Graph(nodes=NODES)

Change = tuple[str, str]


def resolved(ref: str) -> SchemaRef:
    """The schema that CLEAN names."""
    return SchemaRef(ref=ref, dialect="odcs", content=SCHEMA.content)


def clean(*changes: Change, text: str = CLEAN) -> str:
    """CLEAN with each *(old, new)* replaced once; an *old* that is not there fails the test."""
    for old, new in changes:
        assert old in text, f"{old!r} is not in the document"
        text = text.replace(old, new, 1)
    return text


def linted(*changes: Change, graph: Graph | None = GRAPH) -> tuple[Problem, ...]:
    """What the linter says of CLEAN with *changes*."""
    return lint(read_text(clean(*changes), file="shop.yaml", resolve=resolved), graph=graph)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A rule at work: *bad* changes that it finds (at the line that holds *at*), *fine* ones that it lets pass."""

    code: str
    bad: tuple[Change, ...]
    said: str
    at: str
    fine: tuple[Change, ...] = ()
