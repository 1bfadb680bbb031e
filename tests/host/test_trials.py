"""Owns the tests of trials: what a materialization remembers, above all the digests that it really read."""

import subprocess
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from qoa_platform.metering import environment
from qoa_platform.orchestration import contracted
from qoa_platform.orchestration.tags import GB_HOUR, VCPU_HOUR
from qoa_platform.records import ReactionKind, Read, Trial, TrialState, Window
from tests.host.conftest import Open
from tests.host.shop import DAY, DEMAND, FAILURE, POLICY, RELEASE, SUCCESS, TRAINING, Shop, day_of, text

EVERYTHING = text(DEMAND, TRAINING, POLICY, RELEASE)


@pytest.fixture
def big(open_shop: Open) -> Shop:
    """The shop with its model, in which a day is published already."""
    shop = open_shop(EVERYTHING)
    shop.daily()
    return shop


def reads_of(trial: Trial) -> set[tuple[str, str, str]]:
    """(asset, partition, digest) of everything that a trial read."""
    return {(r.asset, r.partition, r.digest) for r in trial.reads}


def test_a_trial_says_code_and_environment(big: Shop) -> None:
    """Code version of the asset, digest of interpreter and packages, run, attempt, window and both times."""
    trial = big.trial("shop/sales", DAY)
    assert (trial.code, trial.attempt, trial.cause, trial.imported) == ("2", 1, None, False)
    assert trial.environment == environment(big.workspace.home.root).digest
    assert trial.window == Window.of_partition(DAY)
    assert trial.at == big.workspace.clock.at()
    assert trial.ended is not None
    assert (big.workspace.clock.wall() - trial.wall).total_seconds() < 60


def test_a_trial_says_the_commit(open_shop: Open, tmp_path: Path) -> None:
    """The git commit of the project; where there is none it is unknown, not made up."""
    root = tmp_path / "shop"
    root.mkdir()
    git = ["git", "-C", str(root), "-c", "user.name=me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "all there is"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    shop = open_shop(root=root)
    shop.daily()
    assert shop.trial("shop/sales", DAY).commit == head


def test_without_git_the_commit_is_unknown(shop: Shop) -> None:
    """A project outside any repository: the trial's commit is None, and Dagster is told ``unknown``."""
    shop.daily()
    assert shop.trial("shop/sales", DAY).commit is None


def test_a_trial_says_parameters_preset_and_seed(big: Shop) -> None:
    """The preset in force, the run's config, and the seed of a training."""
    big.train(recipe="median", seed=11)
    assert big.trial("shop/features").parameters == {"preset": "high"}
    trained = big.trial("shop/demand_model")
    assert trained.parameters == {"recipe": "median", "seed": 11}
    assert trained.seed == 11


def test_a_trial_says_what_was_injected(big: Shop) -> None:
    """A planted fault is named in the trial that met it, and only there."""
    big.plant("feed:shop/raw", "half_rows", DAY)
    big.daily()
    big.settle()
    assert [t.parameters.get("injected") is not None for t in big.trials("shop/raw", DAY)] == [False, True, False]


def test_a_trial_says_what_was_used(big: Shop) -> None:
    """Elapsed and CPU seconds, peak memory, what was allocated, and its price at the run's own rates."""
    usage = big.trial("shop/sales", DAY).usage
    assert usage is not None
    assert 0 < usage.seconds < 60
    assert usage.peak_bytes is not None
    assert usage.peak_bytes > 10_000_000
    big.daily(tags={VCPU_HOUR: "36000", GB_HOUR: "0"})
    dear = big.trial("shop/sales", DAY).usage
    assert dear is not None
    assert dear.usd == pytest.approx(dear.seconds * 10 * (dear.vcpus or 0))


def test_a_price_that_is_none_is_refused(big: Shop) -> None:
    """A tag that is no price fails the run and says which tag."""
    run = big.daily(tags={VCPU_HOUR: "cheap"})
    assert run.status is FAILURE
    assert VCPU_HOUR in big.failures(run)["shop__raw"]


def test_the_digests_really_read(big: Shop) -> None:
    """The upstream is published again while the downstream runs: the trial names what was read, not what is latest."""
    before = big.published("shop/sales", DAY)
    after: list[str | None] = []

    def republish() -> None:
        big.source.days[DAY] = day_of(DAY, rows=20)
        big.run("shop/raw", "shop/sales", partition=DAY)
        after.append(big.published("shop/sales", DAY))

    big.source.during = republish
    run = big.run("shop/totals")
    trial = big.trial("shop/totals")
    assert run.status is SUCCESS
    assert reads_of(trial) == {("shop/sales", DAY, before)}
    assert before not in after
    assert big.published("shop/sales", DAY) == after[0]
    assert big.workspace.read_frame("shop/totals", "all", trial.output or "")["rows"].to_list() == [8]


def test_the_next_run_reads_what_is_latest_then(big: Shop) -> None:
    """Afterwards the downstream reads the newer digest, and its trial says so."""
    big.source.days[DAY] = day_of(DAY, rows=20)
    big.daily()
    assert reads_of(big.trial("shop/totals")) == {("shop/sales", DAY, big.published("shop/sales", DAY))}


def test_a_whole_table_names_every_partition(big: Shop) -> None:
    """A table over days names the digest of every published day."""
    big.daily("2026-01-21")
    published = big.workspace.published("shop/sales")
    assert reads_of(big.trial("shop/totals")) == {("shop/sales", p, d) for p, d in published.items()}
    assert len(published) == 2


def test_a_trial_is_durable_before_its_function_runs(big: Shop) -> None:
    """A run that is killed leaves its trace: while the function runs its trial is started, with what it reads."""
    seen: list[Trial] = []
    big.source.during = lambda: seen.append(big.trial("shop/totals"))
    big.run("shop/totals")
    assert [(t.state, t.ended, len(t.reads)) for t in seen] == [(TrialState.STARTED, None, 1)]
    assert big.trial("shop/totals").id == seen[0].id


def test_a_trial_names_the_version_that_it_read(big: Shop) -> None:
    """A backtest names the candidate by version and digest of its artifact, read by digest."""
    big.train()
    version = big.world.versions[-1]
    assert Read(asset="model:demand", partition="v1", digest=version.artifact) in big.trial("shop/backtest").reads


def test_a_trial_names_the_champion_that_it_read(big: Shop) -> None:
    """The champion moves while a scorecard is made: what was read is what stands in the trial and in the frame."""
    big.train()
    big.settle()
    big.source.errors["v2"] = 0.01
    big.train()
    assert big.world.champion("demand") == "v1"
    big.source.live = _Moving(big)
    run = big.run("shop/scorecard")
    assert (run.status, big.world.champion("demand")) == (SUCCESS, "v2")
    trial = big.trial("shop/scorecard")
    assert {r.partition for r in trial.reads if r.asset == "model:demand"} == {"v1"}
    frame = big.workspace.read_frame("shop/scorecard", "all", trial.output or "")
    assert frame["version"].unique().to_list() == ["v1"]


class _Moving(dict[str, float]):
    """Looks up how well a version does, and moves the champion meanwhile."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.shop = shop

    def get(self, key: str, default: float = 0.0) -> float:  # type: ignore[override]
        self.shop.settle()
        return default


def test_a_rerun_names_its_cause_and_attempt(big: Shop) -> None:
    """The trial of a repair names the reaction that asked for it, and which attempt it was."""
    sent = iter([day_of(DAY, rows=3), day_of(DAY, rows=3), day_of(DAY)])
    big.source.days[DAY] = lambda: next(sent)
    big.daily()
    big.settle()
    rerun = big.reactions(ReactionKind.RERUN)[0]
    trials = big.trials("shop/sales", DAY)
    assert [(t.cause, t.attempt, t.state) for t in trials[1:]] == [
        (None, 1, TrialState.BLOCKED), (rerun.id, 1, TrialState.BLOCKED), (rerun.id, 2, TrialState.PUBLISHED),
    ]  # fmt: skip


def test_an_assets_own_last_frame_is_a_read(open_shop: Open) -> None:
    """A growing table names the digest of its own published frame that it was appended to."""

    def more(contract: Path) -> list[dg.AssetsDefinition]:
        @contracted(contract, "shop/log", code_version="1")
        def log(previous: pl.DataFrame | None) -> pl.DataFrame:
            """One more row each time."""
            row = pl.DataFrame({"n": [0 if previous is None else previous.height]})
            return row if previous is None else pl.concat([previous, row])

        return [log]

    shop = open_shop(more=more)
    shop.run("shop/log")
    first = shop.published("shop/log")
    shop.run("shop/log")
    assert reads_of(shop.trial("shop/log")) == {("shop/log", "all", first)}
    assert [t.rows for t in shop.trials("shop/log")] == [1, 2]


def test_what_was_noted_is_in_the_trial(open_shop: Open) -> None:
    """``note(name, value)`` adds a parameter while the function runs."""

    def more(contract: Path) -> list[dg.AssetsDefinition]:
        @contracted(contract, "shop/noted", code_version="1")
        def noted(note: object) -> pl.DataFrame:
            """Notes something."""
            assert callable(note)
            note("alpha", 0.5)
            return pl.DataFrame({"x": [1]})

        return [noted]

    shop = open_shop(more=more)
    shop.run("shop/noted")
    assert shop.trial("shop/noted").parameters == {"alpha": 0.5}
