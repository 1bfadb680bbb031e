"""Tests of ``qoa metrics``: the exposition, the endpoint, and the catalogue."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from signal import SIGINT

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qoa_platform.cli.exits import Exit
from qoa_platform.metrics import catalogue
from tests.cli.conftest import Qoa
from tests.cli.scene import ROOT, Scene


def test_the_exposition_is_printed(qoa: Qoa, scene: Scene) -> None:
    """What is printed is what Prometheus reads: the promises in force, and the open episode."""
    said = qoa("metrics")
    assert said.code == Exit.DONE
    samples = [s for family in text_string_to_metric_families(said.out) for s in family.samples]
    assert [s.value for s in samples if s.name == "qoa_ledger_up"] == [1.0]
    broken = [s.labels["promise"] for s in samples if s.name == "qoa_episodes_open" and s.value]
    assert broken == ["volume"]


def test_the_exposition_as_json(qoa: Qoa, scene: Scene) -> None:
    """The same families and samples as data."""
    families = {f["name"]: f for f in qoa("metrics", "--json").data["families"]}
    assert families["qoa_ledger_up"]["samples"] == [{"name": "qoa_ledger_up", "labels": {}, "value": 1.0}]
    assert {"name", "type", "help", "samples"} == set(families["qoa_promise_info"])


def test_metrics_outside_any_project(qoa: Qoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exposition needs a project; the catalogue does not."""
    monkeypatch.chdir(tmp_path)
    assert qoa("metrics").code == Exit.PROJECT
    assert qoa("metrics", "serve").code == Exit.PROJECT
    assert qoa("metrics", "list").code == Exit.DONE


def test_it_is_served_until_it_is_stopped(scene: Scene) -> None:
    """A scrape of the endpoint answers the exposition; Ctrl-C ends it with exit code 0."""
    command = [sys.executable, "-m", "qoa_platform.cli", "metrics", "serve", "--port", "0", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=scene.root, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        told = json.loads("".join(lines))
        with urllib.request.urlopen(told["url"], timeout=20) as answer:
            body = answer.read().decode()
        process.send_signal(SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()
    assert told["url"].startswith("http://127.0.0.1:")
    assert "qoa_ledger_up 1.0" in body


def test_a_port_in_use(qoa: Qoa, scene: Scene) -> None:
    """A port that somebody uses is said: exit code 4."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = qoa("metrics", "serve", "--port", str(taken.getsockname()[1]))
    assert said.code == Exit.STATE
    assert "cannot be used" in said.err


def test_the_catalogue_is_listed(qoa: Qoa) -> None:
    """Every metric that is computed; with --all those that are only declared too; by family."""
    known = catalogue()
    assert {m["id"] for m in qoa("metrics", "list", "--json").data["metrics"]} == {
        m.id for m in known.values() if m.implemented
    }
    assert {m["id"] for m in qoa("metrics", "list", "--all", "--json").data["metrics"]} == set(known)
    drift = qoa("metrics", "list", "--family", "drift", "--all", "--json").data["metrics"]
    assert {m["family"] for m in drift} == {"drift"}
    assert "more are declared, and not computed yet: --all" in qoa("metrics", "list").out
    said = qoa("metrics", "list", "--family", "drfit")
    assert (said.code, said.err.startswith("unknown family 'drfit'. Did you mean 'drift'?")) == (Exit.USAGE, True)


@pytest.mark.parametrize("metric", sorted(catalogue()))
def test_every_metric_is_shown(metric: str, qoa: Qoa) -> None:
    """Whatever the catalogue holds can be shown, with every parameter by name."""
    found = qoa("metrics", "show", metric, "--json").data["metric"]
    text = qoa("metrics", "show", metric).out
    assert text.startswith(f"{metric}: ")
    assert found["id"] == metric
    assert all(p["name"] in text for p in found["params"])


def test_an_unknown_metric(qoa: Qoa) -> None:
    """An unknown metric is answered with the nearest guess."""
    said = qoa("metrics", "show", "data.completness")
    assert said.code == Exit.USAGE
    assert said.err.startswith("unknown metric 'data.completness'. Did you mean 'data.completeness'?")


def test_the_laws_of_a_metric_are_tried(qoa: Qoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric of the project is checked by id, one of a module by its name; what breaks a law ends with 1."""
    entry = "{id: shop.n, unit: rows, direction: target, read: n, fields: {n: count()}}"
    (tmp_path / "metrics.yaml").write_text(f"metrics: [{entry}, {{use: nowhere:X}}]", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert qoa("metrics", "check", "shop.n").out.endswith("every law holds\n")
    assert qoa("metrics", "check", "data.mean", "--column", "x", "--json").data["broken"] == []
    assert "not loaded" in qoa("metrics", "list").out
    (tmp_path / "careless.py").write_text(
        "import narwhals as nw\n"
        "from qoa_platform.metrics.expr_metric import ExprMetric\n"
        "mean = ExprMetric(id='a.mean', unit='1', direction='target', read='m', fields={'m': nw.col('x').mean()})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    said = qoa("metrics", "check", "careless:mean", "--frames", "20", "--json")
    assert said.code == Exit.FINDINGS
    assert [each["law"] for each in said.data["broken"]] == ["parts merge to the whole"]
    assert "broken: parts merge to the whole" in qoa("metrics", "check", "careless:mean").out
    assert qoa("metrics", "check", "shop.m").code == Exit.USAGE
