"""Tests of ``qoa init``: it refuses what is not empty, and what it writes runs."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from qoa_platform.cli.dagster_home import make_dagster_home
from qoa_platform.cli.exits import Exit
from qoa_platform.cli.init import name_of, write_project
from qoa_platform.ledger.home import Home
from tests.cli.conftest import Qoa

ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()
DAY = (TODAY - timedelta(days=1)).isoformat()
EXPECTED = {
    ".gitignore", "README.md", "assets/__init__.py", "assets/definitions.py", "assets/example/__init__.py",
    "assets/example/feed.py", "assets/example/orders.py", "assets/example/project.py", "contracts/example.yaml",
    "contracts/orders.odcs.yaml", "pyproject.toml", "sensors/__init__.py", "sensors/daily.py", "sensors/quality.py",
    "tests/test_example.py", "workspace.yaml",
}  # fmt: skip


def run(root: Path, *command: str, code: int = 0) -> str:
    """Run a Python module in the project, as a user would who installed the library; its output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("QOA_", "DAGSTER_", "PYTEST_"))}
    environment |= {"PYTHONPATH": str(ROOT), "DAGSTER_DISABLE_TELEMETRY": "1", "DAGSTER_HOME": str(root / ".dagster")}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, env=environment, capture_output=True, text=True, timeout=150,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_it_writes_the_layout(qoa: Qoa, tmp_path: Path) -> None:
    """Every file of the layout, named and filled in for this project; no placeholder is left."""
    said = qoa("init", str(tmp_path / "My Shop"), "--json")
    assert said.code == Exit.DONE
    assert set(said.data["files"]) == EXPECTED
    assert said.data["name"] == "my-shop"
    for name in EXPECTED:
        text = (tmp_path / "My Shop" / name).read_text()
        assert "__NAME__" not in text
        assert "_DAY__" not in text
    assert "name: my-shop" in (tmp_path / "My Shop" / "contracts" / "example.yaml").read_text()


def test_it_refuses_what_is_not_empty(qoa: Qoa, tmp_path: Path) -> None:
    """A folder with anything in it, or a file, is left alone: exit code 4, and it says what is there."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    said = qoa("init", str(tmp_path / "mine"))
    assert (said.code, said.out) == (Exit.STATE, "")
    assert "is not empty: thesis.txt. Allowed: an empty folder, or one that is not there yet" in said.err
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    assert qoa("init", str(tmp_path / "mine" / "thesis.txt")).code == Exit.STATE
    (tmp_path / "empty").mkdir()
    assert qoa("init", str(tmp_path / "empty")).code == Exit.DONE


@pytest.mark.parametrize(
    ("folder", "name"),
    [("shop", "shop"), ("My Shop_2", "my-shop-2"), ("2026", "project-2026"), ("…", "project"), ("x" * 90, "x" * 60)],
)
def test_the_name_may_be_a_contracts(folder: str, name: str, tmp_path: Path) -> None:
    """Whatever the folder is called, the contract's name is one that the language allows."""
    from qoa_platform.contracts import read

    assert name_of(Path(folder)) == name
    write_project(tmp_path / folder, today=TODAY)
    assert read(tmp_path / folder / "contracts" / "example.yaml").name == name


def test_what_it_wrote_runs(qoa: Qoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its definitions validate, its contract lints, its tests pass, and a day is materialized, judged and told."""
    root = tmp_path / "shop"
    write_project(root, today=TODAY)
    make_dagster_home(Home(root=root, state=root / ".qoa", ledger=""))
    run(root, "dagster", "definitions", "validate", "-w", "workspace.yaml")
    run(root, "qoa_platform.cli", "contract", "check")
    assert "2 passed" in run(root, "pytest", "-q", "-p", "no:cacheprovider")
    materialize = ["dagster", "asset", "materialize", "-m", "assets.definitions", "--select"]
    run(root, *materialize, "example/orders_day", "--partition", DAY)
    run(root, *materialize, "example/daily_revenue")
    monkeypatch.chdir(root)
    standing = {
        f"{p['subject']}.{p['promise']}": p["status"] for p in qoa("status", "--json").data["status"]["promises"]
    }
    assert standing["orders.complete"] == standing["revenue.filled"] == "satisfied"
    assert standing["orders.volume"] == "unknown(insufficient_n)"
    assert f"example/orders_day {DAY}" in qoa("why", "example/daily_revenue").out


def test_its_story_of_a_bad_day(qoa: Qoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's story: a planted fault is not published, fetched again by a reaction, and becomes an incident."""
    root = tmp_path / "shop"
    write_project(root, today=TODAY)
    make_dagster_home(Home(root=root, state=root / ".qoa", ledger=""))
    run(root, "qoa_platform.cli", "inject", "nulls", "--target", "feed:example/orders_day", "--column", "amount")
    day = ["--select", "example/orders_day", "--partition", DAY]
    run(root, "dagster", "asset", "materialize", "-m", "assets.definitions", *day, code=1)
    done = json.loads(run(root, "qoa_platform.cli", "react", "--once", "--inline", "--json"))
    assert {r["kind"] for r in done["reactions"]} >= {"quarantine", "rerun", "alert"}
    assert [r["attempt"] for r in done["launched"]] == [1]
    assert done["delivered"]["alerts"] >= 1
    monkeypatch.chdir(root)
    (incident,) = qoa("incidents", "--json").data["incidents"]
    assert incident["state"] == "resolved"
    assert incident["recovered_by"] == f"rerun example/orders_day {DAY}"
    assert incident["cause"].startswith("injected")
    assert "nulls(columns=('amount',))" in incident["cause"]
    assert qoa("status").code == Exit.DONE


def test_the_template_is_in_the_wheel(tmp_path: Path) -> None:
    """Whoever installs the library has the template with it."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, timeout=120, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = {n.removeprefix("qoa_platform/cli/template/") for n in content.namelist() if "/cli/template/" in n}
    assert {n.removesuffix(".tmpl").replace("gitignore", ".gitignore") for n in names} == EXPECTED


def test_its_files_are_formatted_and_typed(tmp_path: Path) -> None:
    """What users start from is written as the platform itself: formatted, and clean for the linter's usual rules."""
    root = tmp_path / "shop"
    write_project(root, today=date(2026, 3, 1))
    line = ["--line-length", "120", "--isolated"]
    run(root, "ruff", "format", "--check", *line, ".")
    run(
        root,
        "ruff",
        "check",
        "--select",
        "E,F,I,UP,B,SIM,RUF",
        "--config",
        "lint.isort.known-first-party=['assets','sensors']",
        *line,
        ".",
    )
