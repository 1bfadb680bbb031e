"""Owns the tests of models in runs: candidates, the champion that is read, profiles, damaged and forbidden files."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skops.io

from qoa_platform.artifacts import SKOPS
from qoa_platform.orchestration import models, publishing
from qoa_platform.orchestration.models import model_name
from qoa_platform.records import DAY as ONE_DAY
from qoa_platform.records import (
    Batch,
    Measurement,
    ModelVersion,
    PointerKind,
    Profile,
    ReactionKind,
    TrialState,
    Window,
)
from tests.host.conftest import Open
from tests.host.shop import DAY, DEMAND, FAILURE, POLICY, RELEASE, SUCCESS, TRAINING, Shop, day_of, text


@pytest.fixture
def shop(open_shop: Open) -> Shop:
    """The shop with its model, in which a day is published already."""
    opened = open_shop(text(DEMAND, TRAINING, POLICY, RELEASE))
    opened.daily()
    return opened


@pytest.fixture
def released(shop: Shop) -> Shop:
    """The same with v1 as its champion, an artifact that no other test has."""
    salt = secrets.randbits(32)
    shop.source.estimator = lambda level: {"level": level, "salt": salt}
    shop.train()
    shop.settle()
    assert shop.world.champion("demand") == "v1"
    return shop


def versions(shop: Shop) -> list[str]:
    """All recorded versions, oldest first."""
    return [v.version for v in shop.ledger.find(ModelVersion, series="demand")]


def file_of(shop: Shop, version: int = -1) -> Path:
    """Where the artifact of a version lies."""
    record = shop.ledger.find(ModelVersion, series="demand")[version]
    return shop.workspace.files.path(model_name("demand"), record.artifact, SKOPS)


def test_training_makes_a_candidate(shop: Shop) -> None:
    """A trained version is recorded with its artifact, recipe and trial, and no alias moves by training."""
    assert shop.train(recipe="median").status is SUCCESS
    version = shop.ledger.find(ModelVersion, series="demand")[0]
    trial = shop.trial("shop/demand_model")
    assert (version.version, version.trial, version.recipe) == ("v1", trial.id, {"recipe": "median"})
    assert (trial.model, trial.version) == ("demand", "v1")
    assert shop.ledger.moves(PointerKind.ALIAS) == []


def test_only_the_decision_promotes(shop: Shop) -> None:
    """The first champion comes from a promotion on evidence; a second candidate stays one until it is decided."""
    shop.train()
    shop.settle()
    assert shop.world.champion("demand") == "v1"
    shop.train()
    assert (versions(shop), shop.world.champion("demand")) == (["v1", "v2"], "v1")
    assert len(shop.reactions(ReactionKind.PROMOTE)) == 1


def test_a_published_model_asset_is_no_champion(shop: Shop) -> None:
    """The model asset's own pointer says what was trained last, never who is champion: without one nothing is read."""
    shop.train()
    assert shop.published("shop/demand_model") is not None
    run = shop.run("shop/scorecard")
    assert run.status is FAILURE
    assert "champion of model demand" in shop.failures(run)["shop__scorecard"]


def test_a_backtest_reads_the_candidate_beside_the_champion(released: Shop) -> None:
    """Candidate and champion are read each by its own digest, and both stand in the frame."""
    released.train()
    trial = released.trial("shop/backtest")
    assert {r.partition for r in trial.reads if r.asset == "model:demand"} == {"v1", "v2"}
    frame = released.workspace.read_frame("shop/backtest", "all", trial.output or "")
    assert sorted(frame["version"].unique()) == ["v1", "v2"]


def test_without_a_newer_version_the_champion_is_the_candidate(released: Shop) -> None:
    """A backtest that is made again when nothing waits judges the champion."""
    released.run("shop/backtest")
    reads = released.trial("shop/backtest").reads
    assert {r.partition for r in reads if r.asset == "model:demand"} == {"v1"}


def test_a_refused_version_is_no_candidate_any_more(released: Shop) -> None:
    """What was refused is final: the next backtest falls back to the champion."""
    released.source.errors["v2"] = 0.4
    released.train()
    released.settle()
    assert [(r.version, str(r.state)) for r in released.world.releases] == [("v1", "promoted"), ("v2", "refused")]
    released.run("shop/backtest")
    reads = released.trial("shop/backtest").reads
    assert {r.partition for r in reads if r.asset == "model:demand"} == {"v1"}


def test_two_trainings_at_once_get_different_versions(shop: Shop) -> None:
    """A run trains while another one does: both publish or lose by the ledger's word, and no number is given twice."""

    def meanwhile() -> None:
        shop.source.during = lambda: None
        shop.source.estimator = lambda level: {"level": level, "other": 1.0}
        shop.run("shop/demand_model")

    shop.run("shop/features")
    shop.source.during = meanwhile
    shop.run("shop/demand_model")
    states = {t.version: t.state for t in shop.trials("shop/demand_model")}
    assert versions(shop)[0] == "v1"
    assert len(set(versions(shop))) == len(versions(shop)) == sum(s is TrialState.PUBLISHED for s in states.values())


def test_a_number_that_was_taken_meanwhile_is_chosen_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody records v1 between our count and our commit: ours becomes v2, with its own artifact."""
    register = models.register

    def slow(*arguments: Any, **named: Any) -> models.Registered:
        found = register(*arguments, **named)
        if not versions(shop):
            shop.ledger.commit(_version_of_somebody_else(shop))
        return found

    monkeypatch.setattr(publishing, "register", slow)
    assert shop.train().status is SUCCESS
    assert versions(shop) == ["v1", "v2"]
    assert shop.trial("shop/demand_model").version == "v2"


def _version_of_somebody_else(shop: Shop) -> Batch:
    at = shop.workspace.clock.at()
    return Batch(records=(ModelVersion(model="demand", version="v1", artifact="0" * 64, trial="x", at=at, wall=at),))


@pytest.mark.parametrize(
    "damage",
    [lambda b: b"", lambda b: b[:-20], lambda b: bytes([b[0] ^ 1]) + b[1:], lambda b: b + b"\0", None],
    ids=["0 bytes", "truncated", "a bit flipped", "longer", "missing"],
)
def test_a_damaged_model_file_is_not_parsed(
    released: Shop, damage: Callable[[bytes], bytes] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not what was recorded is refused by its digest: a clear error, and no byte of it is parsed."""
    path = file_of(released)
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    parsed: list[object] = []
    monkeypatch.setattr(skops.io, "loads", lambda *a, **k: parsed.append(a))
    monkeypatch.setattr(skops.io, "get_untrusted_types", lambda *a, **k: parsed.append(k))
    run = released.run("shop/scorecard")
    said = released.failures(run)["shop__scorecard"]
    assert (run.status, parsed) == (FAILURE, [])
    assert "ArtifactError" in said
    assert "is damaged: expected digest" in said if damage else "there is no file with digest" in said
    live = next(v for v in released.verdicts("live"))
    assert (str(live), live.key.version, live.blocks) == ("unknown(error)", "v1", False)


def test_another_whole_model_in_its_place_is_not_loaded(released: Shop) -> None:
    """A valid file of another version under this digest's name is refused too."""
    released.source.estimator = lambda level: {"level": 99.0}
    released.train()
    file_of(released, 0).write_bytes(file_of(released, 1).read_bytes())
    assert "is damaged" in released.failures(released.run("shop/scorecard"))["shop__scorecard"]


class Crafted:
    """A type that nobody reviewed."""


@pytest.mark.parametrize("estimator", [Crafted, lambda: {"inner": [Crafted()]}, lambda: eval])
def test_a_type_that_is_not_allowed_is_refused(shop: Shop, estimator: Callable[[], object]) -> None:
    """A model with a type from outside the list is refused when it is trained: no version, no pointer, a cause."""
    shop.source.estimator = lambda _: estimator()
    run = shop.train()
    assert run.status is FAILURE
    assert "may not be registered" in shop.failures(run)["shop__demand_model"]
    assert (versions(shop), shop.published("shop/demand_model")) == ([], None)
    assert shop.trial("shop/demand_model").state is TrialState.FAILED


def test_a_models_name_cannot_escape() -> None:
    """A name that could lead out of the models' folder is none."""
    with pytest.raises(ValueError, match="not allowed"):
        model_name("../../etc/passwd")


def test_profiles_are_frozen_from_the_training_window(shop: Shop) -> None:
    """What is compared with ``training`` is frozen of the published days in the window, and of no other."""
    for day in ("2026-01-13", "2026-01-14"):
        shop.daily(day)
    shop.source.days["2026-01-15"] = day_of("2026-01-15", rows=9)
    shop.train()
    version = shop.ledger.find(ModelVersion, series="demand")[0]
    profile = shop.ledger.last(Profile, version.profile("shop/sales"))
    published = shop.workspace.published("shop/sales")
    assert profile.source == (published["2026-01-13"], published["2026-01-14"])
    assert profile.window.end - profile.window.start == 14 * ONE_DAY
    assert {c.column: c.n for c in profile.columns} == {"amount": 16}
    reads = {(r.partition, r.digest) for r in shop.trial("shop/demand_model").reads if r.asset == "shop/sales"}
    assert reads == {(p, published[p]) for p in ("2026-01-13", "2026-01-14")}


def test_a_profile_is_in_force_from_the_promotion_on(shop: Shop) -> None:
    """Before its version is champion ``steady`` has no reference; afterwards it is read against that very profile."""
    shop.source.days = {f"2026-01-{n}": day_of(f"2026-01-{n}", rows=600) for n in range(10, 23)}
    shop.run("shop/raw", "shop/sales", span=("2026-01-10", "2026-01-14"), tags={"qoa/import": "history"})
    shop.train()
    shop.daily("2026-01-21")
    shop.settle()
    shop.daily("2026-01-22")
    assert [shop.said(f"2026-01-{n}")["steady"] for n in (21, 22)] == ["unknown(no_reference)", "satisfied"]
    profile = shop.ledger.find(ModelVersion, series="demand")[0].profile("shop/sales")
    window = Window.of_partition("2026-01-22")
    found = [m for m in shop.ledger.find(Measurement) if m.metric == "drift.psi" and m.window == window]
    assert [m.profile for m in found] == [profile]
    assert window.partition > DAY
