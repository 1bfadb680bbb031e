"""The rules of both locks: everything pinned and hashed, no host named, and the first is what these tests run on."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = {name: (ROOT / name).read_text("utf-8") for name in ("requirements.lock", "requirements-scale.lock")}
SCALE = ("ray", "spark")
"""Extras that only the second lock answers."""


def pins(text: str) -> list[Requirement]:
    """The pins of a lock."""
    lines = (line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line))
    return [Requirement(line.removesuffix("\\").strip()) for line in lines]


PINS = pins(LOCKS["requirements.lock"])
NAMES = {canonicalize_name(pin.name) for pin in PINS}
HOSTS = ("://", "--" + "index-url", "--" + "extra-index-url", "--" + "find-links", "--" + "trusted-host")
DOWNGRADERS = {"dagster-pandera", "dagster-mlflow", "dagster-duckdb-pandas"}
PYTHONS = ("3.11", "3.12", "3.13")


def declared(lock: str) -> list[Requirement]:
    """What pyproject.toml asks of a lock, extras and build system included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    optional = project["project"]["optional-dependencies"].items()
    extras = [lines for name, lines in optional if name not in SCALE or lock != "requirements.lock"]
    lines = [*project["build-system"]["requires"], *project["project"]["dependencies"], *(d for e in extras for d in e)]
    return [Requirement(line) for line in lines]


def serves(pin: Requirement, python: str) -> bool:
    """Whether *pin* is meant for that Python (on this system)."""
    return pin.marker is None or pin.marker.evaluate({"python_version": python, "python_full_version": f"{python}.0"})


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_host(lock: str) -> None:
    """Where packages come from is the machine's business: the lock has no address and no index option."""
    assert [word for word in HOSTS if word in LOCKS[lock]] == []
    assert not (ROOT / "uv.lock").exists()


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_and_hashed(lock: str) -> None:
    """Every requirement is one exact version with at least one SHA-256, and nothing else is in the file."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCKS[lock].strip())
    assert len(blocks) == len(pins(LOCKS[lock]))
    for block in blocks:
        first, *hashes = block.splitlines()
        assert re.match(r"[A-Za-z0-9._\-\[\]]+==[^\s;]+( ; .+)? \\$", first), first
        assert hashes, first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), first


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_answers_pyproject_on_every_python(lock: str) -> None:
    """What pyproject.toml asks for is pinned, once, within its bounds, for 3.11, 3.12 and 3.13."""
    for python in PYTHONS:
        pinned = {canonicalize_name(pin.name): pin for pin in pins(LOCKS[lock]) if serves(pin, python)}
        assert len(pinned) == sum(serves(pin, python) for pin in pins(LOCKS[lock])), (
            f"a package is pinned twice for {python}"
        )
        for wanted in declared(lock):
            pin = pinned[canonicalize_name(wanted.name)]
            (exact,) = pin.specifier
            assert wanted.specifier.contains(exact.version, prereleases=True), f"{wanted} against {pin} on {python}"


def test_both_locks_agree() -> None:
    """What both pin is the same version: what runs at scale is what the gate has tested."""
    first, second = ({(pin.name, str(pin.marker)): str(pin.specifier) for pin in pins(text)} for text in LOCKS.values())
    assert {
        name: (first[name], second[name]) for name in first.keys() & second.keys() if first[name] != second[name]
    } == {}


def test_dagster_is_what_we_measured() -> None:
    """Dagster is 1.13.x, and the integrations that would silently downgrade it are not here."""
    (pin,) = [pin for pin in PINS if pin.name == "dagster"]
    assert str(pin.specifier).startswith("==1.13.")
    assert NAMES.isdisjoint(DOWNGRADERS)


def test_the_tests_run_on_the_lock() -> None:
    """The environment of this run has, of every package that the lock has for it, the locked version."""
    here = [pin for pin in PINS if pin.marker is None or Marker(str(pin.marker)).evaluate()]
    other = {pin.name: found for pin in here if f"=={(found := version(pin.name))}" != str(pin.specifier)}
    assert other == {}, "run `make .venv`"
