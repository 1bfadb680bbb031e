"""The rules of requirements.lock: everything pinned and hashed, no host named, and it is what these tests run on."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "requirements.lock").read_text("utf-8")
PINS = [Requirement(line.removesuffix("\\").strip()) for line in TEXT.splitlines() if re.match(r"[A-Za-z0-9]", line)]
NAMES = {canonicalize_name(pin.name) for pin in PINS}
HOSTS = ("://", "--" + "index-url", "--" + "extra-index-url", "--" + "find-links", "--" + "trusted-host")
DOWNGRADERS = {"dagster-pandera", "dagster-mlflow", "dagster-duckdb-pandas"}
PYTHONS = ("3.11", "3.12", "3.13")


def declared() -> list[Requirement]:
    """What pyproject.toml asks for, extras and build system included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    lines = [*project["build-system"]["requires"], *project["project"]["dependencies"], *(d for e in extras for d in e)]
    return [Requirement(line) for line in lines]


def serves(pin: Requirement, python: str) -> bool:
    """Whether *pin* is meant for that Python (on this system)."""
    return pin.marker is None or pin.marker.evaluate({"python_version": python, "python_full_version": f"{python}.0"})


def test_the_lock_names_no_host() -> None:
    """Where packages come from is the machine's business: the lock has no address and no index option."""
    assert [word for word in HOSTS if word in TEXT] == []
    assert not (ROOT / "uv.lock").exists()


def test_everything_is_pinned_and_hashed() -> None:
    """Every requirement is one exact version with at least one SHA-256, and nothing else is in the file."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", TEXT.strip())
    assert len(blocks) == len(PINS)
    for block in blocks:
        first, *hashes = block.splitlines()
        assert re.match(r"[A-Za-z0-9._\-\[\]]+==[^\s;]+( ; .+)? \\$", first), first
        assert hashes, first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), first


def test_the_lock_answers_pyproject_on_every_python() -> None:
    """What pyproject.toml asks for is pinned, once, within its bounds, for 3.11, 3.12 and 3.13."""
    for python in PYTHONS:
        pinned = {canonicalize_name(pin.name): pin for pin in PINS if serves(pin, python)}
        assert len(pinned) == sum(serves(pin, python) for pin in PINS), f"a package is pinned twice for {python}"
        for wanted in declared():
            pin = pinned[canonicalize_name(wanted.name)]
            (exact,) = pin.specifier
            assert wanted.specifier.contains(exact.version, prereleases=True), f"{wanted} against {pin} on {python}"


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
