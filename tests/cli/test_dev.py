"""Tests of ``qoa dev``: the folder it makes for Dagster, the warning, and a UI that answers on this machine only."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGKILL

import pytest
import yaml

from qoa_platform.cli.dagster_home import FILE, dagster_environment, make_dagster_home
from qoa_platform.cli.exits import Exit
from qoa_platform.cli.init import write_project
from qoa_platform.ledger.home import Home
from tests.cli.conftest import Qoa
from tests.cli.test_init import ROOT, TODAY


def home(root: Path) -> Home:
    """The home of a project at *root*."""
    return Home(root=root, state=root / ".qoa", ledger="")


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_dagster_home_is_made_once(tmp_path: Path) -> None:
    """The folder gets our settings; a file that is there is the user's and is kept."""
    folder = make_dagster_home(home(tmp_path))
    assert folder == tmp_path / ".dagster"
    settings = yaml.safe_load((folder / FILE).read_text())
    assert settings["telemetry"] == {"enabled": False}
    assert settings["run_coordinator"]["config"]["dequeue_interval_seconds"] == 1
    assert settings["sensors"] == {"use_threads": True, "num_workers": 4}
    assert [p.name for p in folder.iterdir()] == [FILE]
    (folder / FILE).write_text("mine: true\n")
    assert (make_dagster_home(home(tmp_path)) / FILE).read_text() == "mine: true\n"


def test_dagster_understands_the_settings(tmp_path: Path) -> None:
    """An instance opens on the folder, with the queue that looks every second."""
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(make_dagster_home(home(tmp_path)))) as instance:
        assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"
        assert instance.telemetry_enabled is False


def test_the_environment_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster's processes are told both homes as absolute paths, whatever the variables said; telemetry is off."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    found = dagster_environment(home(tmp_path), {"PATH": "x"})
    assert found == {
        "PATH": "x", "DAGSTER_HOME": str(tmp_path / "elsewhere"), "DAGSTER_DISABLE_TELEMETRY": "1",
        "QOA_HOME": str(tmp_path / ".qoa"),
    }  # fmt: skip


def test_a_port_in_use_is_said(qoa: Qoa, fresh: Path) -> None:
    """A port that somebody uses is no traceback of a webserver: exit code 4."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = qoa("dev", "--port", str(port))
    assert (said.code, said.err) == (Exit.STATE, f"127.0.0.1:{port} is in use. Say another one with --port\n")
    assert not (fresh / ".dagster").exists()


@pytest.mark.serial
@pytest.mark.services
def test_the_ui_answers_on_this_machine_only(tmp_path: Path) -> None:
    """``qoa dev`` warns, becomes Dagster, and its UI answers on 127.0.0.1 with the project's sensor in it."""
    root, port = tmp_path / "shop", free_port()
    write_project(root, today=TODAY)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("QOA_", "DAGSTER_", "PYTEST_"))}
    command = [sys.executable, "-m", "qoa_platform.cli", "dev", "--port", str(port), "--json"]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            sensors = answered(port, process)
        finally:
            ended(process)
        log.seek(0)
        said = log.read()
    assert sensors == ["quality"]
    assert said.startswith("WARNING  Dagster's webserver has no authentication")
    told = json.loads(said[said.index("{") : said.index("\n}\n") + 2])
    assert told["command"][1:] == ["-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    assert told["environment"]["DAGSTER_HOME"] == str(root / ".dagster")
    assert (root / ".dagster" / "history").exists()


def answered(port: int, process: "subprocess.Popen[bytes]") -> list[str]:
    """The names of the sensors that the UI's GraphQL knows, as soon as it answers."""
    query = "{repositoriesOrError{... on RepositoryConnection{nodes{sensors{name}}}}}"
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                nodes = json.load(answer)["data"]["repositoriesOrError"]["nodes"]
            if nodes:
                return [s["name"] for n in nodes for s in n["sensors"]]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.5)
    message = f"no answer (exit code {process.poll()})"
    raise AssertionError(message)


def ended(process: "subprocess.Popen[bytes]") -> None:
    """End Dagster and all that it started: they are one session of ours."""
    group = os.getpgid(process.pid)
    process.send_signal(SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(45)
    with suppress(ProcessLookupError):
        os.killpg(group, SIGKILL)
    process.wait(10)
