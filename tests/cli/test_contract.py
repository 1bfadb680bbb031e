"""Tests of ``qoa contract``: check, explain, schema, freeze and coverage over files and a ledger."""

from pathlib import Path
from shutil import copytree

import polars as pl
import pytest

from qoa_platform.cli.exits import Exit
from qoa_platform.records import Batch, PointerKind, Profile
from qoa_platform.workspace import open_workspace
from tests.cli.conftest import Qoa
from tests.cli.scene import ROOT, SALES, Scene
from tests.lineage.story import publish

FILE = "contracts/retail.yaml"


def edit(root: Path, old: str, new: str) -> None:
    """Change the contract's file."""
    path = root / FILE
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_sound_contract_with_its_assets(qoa: Qoa, defined: Scene) -> None:
    """Read, linted against the definitions' assets, and the very content that is in force: exit code 0."""
    said = qoa("contract", "check", "--json")
    assert said.code == Exit.DONE, said
    assert said.data["ok"] is True
    assert said.data["skipped"] == []
    assert [c["name"] for c in said.data["contracts"]] == ["retail-demand"]
    assert "1 files, retail-demand version 1: 0 errors" in qoa("contract", "check").out


def test_reading_errors_come_all_at_once_with_their_places(qoa: Qoa, scene: Scene) -> None:
    """Every mistake with file, line, column, code and nearest guess; exit code 1; what could not follow is said."""
    edit(scene.root, "data.completeness", "data.completness")
    edit(scene.root, "severity: critical", "severity: critcal")
    said = qoa("contract", "check")
    assert said.code == Exit.FINDINGS
    lines = [line for line in said.out.splitlines() if line.startswith(FILE)]
    assert any("E104 unknown metric 'data.completness'. Did you mean 'data.completeness'?" in line for line in lines)
    assert any("Did you mean 'critical'?" in line for line in lines)
    assert "skipped: lint with the asset graph: the contracts must be read first" in said.out
    found = qoa("contract", "check", "--json").data
    assert found["ok"] is False
    assert {"code", "file", "line", "column", "message", "hint", "level", "path"} <= set(found["problems"][0])


def test_definitions_that_do_not_load_skip_the_graph(qoa: Qoa, scene: Scene) -> None:
    """What needs the asset graph is skipped with its reason, and that is no success: exit code 3."""
    said = qoa("contract", "check", FILE)
    assert said.code == Exit.PROJECT
    assert "skipped: lint with the asset graph: nowhere.definitions cannot be imported: ModuleNotFoundError" in said.out


def test_lint_finds_what_the_assets_contradict(qoa: Qoa, defined: Scene) -> None:
    """A promise about an asset that nobody defines is an error with the nearest guess."""
    edit(defined.root, "asset: retail/sales_day ", "asset: retail/sale_day ")
    edit(defined.root, "version: 1", "version: 2")
    said = qoa("contract", "check")
    assert said.code == Exit.FINDINGS
    assert "Did you mean 'retail/sales_day'?" in said.out


def test_content_changed_under_an_unchanged_version(qoa: Qoa, defined: Scene) -> None:
    """A changed bound without a new version is an error that says which version is in force; a new version is none."""
    edit(defined.root, '">= 99 %"', '">= 98 %"')
    said = qoa("contract", "check")
    assert said.code == Exit.FINDINGS
    assert f"{FILE}:4:1  E290 the content changed under an unchanged version" in said.out
    assert "Raise version to 2" in said.out
    edit(defined.root, "version: 1", "version: 2")
    assert qoa("contract", "check").code == Exit.DONE


def test_an_older_version_than_the_one_in_force(qoa: Qoa, defined: Scene) -> None:
    """A checkout that is behind is warned: it is not in force, and no error."""
    from qoa_platform.contracts import read
    from qoa_platform.reactions.enacting import enact
    from tests.lineage.story import NOON

    edit(defined.root, "version: 1", "version: 5")
    with defined.ledger() as ledger:
        enact(ledger, read(defined.root / FILE), at=NOON, wall=NOON, actor="test")
    edit(defined.root, "version: 5", "version: 4")
    said = qoa("contract", "check")
    assert said.code == Exit.DONE
    assert "W391 version 4 is older than version 5, which is in force" in said.out


def test_files_outside_any_project(qoa: Qoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files can be read anywhere; what needs a project is skipped with its reason, exit code 3."""
    copytree(ROOT / "contracts", tmp_path / "lonely")
    monkeypatch.chdir(tmp_path)
    said = qoa("contract", "check", "lonely/retail.yaml")
    assert said.code == Exit.PROJECT
    assert "skipped: lint with the asset graph, and what is in force:" in said.out
    assert "0 errors" in said.out
    said = qoa("contract", "check", "lonely/nothing.yaml")
    assert said.code == Exit.FINDINGS
    assert "E001 cannot be read" in said.out


def test_contracts_of_other_dialects(qoa: Qoa, defined: Scene) -> None:
    """An ODCS data contract is read and explained beside our own; what is broken in it is said with its place."""
    said = qoa("contract", "check", "contracts/sales.odcs.yaml", FILE, "--json")
    assert said.code == Exit.DONE, said
    assert [(c["name"], c["foreign"]) for c in said.data["contracts"]] == [
        ("retail-demand", False),
        ("sales_day", True),
    ]
    assert qoa("contract", "explain", "contracts/sales.odcs.yaml").out.startswith("Contract sales_day, version 1")
    (defined.root / "other.json").write_text("{}")
    said = qoa("contract", "check", "other.json")
    assert said.code == Exit.FINDINGS
    assert "other.json:1:1  E105 no dialect that is known" in said.out


def test_a_project_without_contracts(qoa: Qoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No contract at all is no success."""
    (tmp_path / "workspace.yaml").touch()
    monkeypatch.chdir(tmp_path)
    said = qoa("contract", "check")
    assert (said.code, said.err) == (Exit.PROJECT, f"{tmp_path}/contracts holds no contract (*.yaml)\n")


def test_checking_makes_no_ledger(qoa: Qoa, fresh: Path) -> None:
    """A check in CI writes nothing: without a ledger nothing is in force."""
    qoa("contract", "check")
    assert not (fresh / ".qoa").exists()


def test_explain_says_it_in_sentences(qoa: Qoa, fresh: Path) -> None:
    """Every promise and what follows from it, in words; as JSON the same text with name and version."""
    text = qoa("contract", "explain").out
    assert text.startswith("Contract retail-demand, version 1 (")
    assert "data.completeness of quantity is at least 99 %" in text
    (found,) = qoa("contract", "explain", FILE, "--json").data["contracts"]
    assert found["text"].splitlines()[0] == text.splitlines()[0]


def test_explain_of_a_broken_contract(qoa: Qoa, fresh: Path) -> None:
    """What cannot be read cannot be explained: every problem on a line of its own, exit code 3."""
    edit(fresh, "data.completeness", "data.completness")
    said = qoa("contract", "explain", FILE)
    assert (said.code, said.out) == (Exit.PROJECT, "")
    assert said.err.startswith(f"{FILE}:")


def test_schema_validates_the_running_example(qoa: Qoa) -> None:
    """The JSON Schema that editors get accepts the example and refuses an unknown key."""
    import jsonschema

    from qoa_platform.contracts.yaml12 import load

    schema = qoa("contract", "schema").data
    root = load((ROOT / FILE).read_text(), FILE).root
    assert root is not None
    document = root.plain
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "subjcts": {}}, schema)


def published_days(scene: Scene, count: int) -> list[str]:
    """Days of sales with real bytes, published; their digests."""
    workspace = open_workspace(scene.root)
    digests = []
    for day in range(1, count + 1):
        name = f"2017-02-{day:02}"
        frame = pl.DataFrame({
            "sales_value": [float(day), 2.0, 3.0], "quantity": [1, 2, day], "department": ["A", "B", "A"],
            "store_id": [1, 2, 3],
        })  # fmt: skip
        digests.append(workspace.write_frame(SALES, name, frame))
        workspace.ledger.commit(Batch(moves=(publish(SALES, name, digests[-1]),)))
    return digests


def test_freeze_keeps_published_days_as_a_reference(qoa: Qoa, scene: Scene) -> None:
    """What promises compare with a reference is frozen from the days asked for, and is found by its name."""
    digests = published_days(scene, 5)
    words = ["sales", "--since", "2017-02-02", "--until", "2017-02-05", "--name", "february"]
    said = qoa("contract", "freeze", *words, "--json")
    assert said.code == Exit.DONE, said
    assert said.data["profile"]["source"] == digests[1:4]
    with scene.ledger() as ledger:
        (profile,) = ledger.find(Profile)
    assert (profile.name, profile.subject, profile.digest) == ("february", SALES, said.data["profile"]["digest"])
    column = profile.column("sales_value")
    assert column is not None
    assert (column.n, column.maximum) == (9, 4.0)
    assert profile.column("quantity", "A") is not None
    assert qoa("contract", "freeze", *words).code == Exit.DONE
    with scene.ledger() as ledger:
        assert len(ledger.find(Profile)) == 1


def test_what_is_frozen_are_the_rows_that_the_subject_is_about(qoa: Qoa, scene: Scene) -> None:
    """A subject with `where` is compared with rows of the same kind: by hand as by a training run."""
    path = scene.root / "contracts" / "retail.yaml"
    text = path.read_text("utf-8").replace("version: 1\n", "version: 2\n", 1)
    path.write_text(
        text.replace("    asset: retail/sales_day ", "    where: col('quantity') <= 2\n    asset: retail/sales_day ")
    )
    published_days(scene, 5)
    words = ["sales", "--since", "2017-02-02", "--until", "2017-02-05", "--name", "few", "--json"]
    assert qoa("contract", "freeze", *words).code == Exit.DONE
    with scene.ledger() as ledger:
        (profile,) = ledger.find(Profile)
    column = profile.column("quantity")
    assert column is not None
    assert (column.n, column.maximum) == (7, 2.0)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("sale --since 2017-02-01 --until 2017-03-01", Exit.USAGE, "unknown subject 'sale'. Did you mean 'sales'?"),
        ("training --since 2017-02-01 --until 2017-03-01", Exit.USAGE, "subject 'training' is no asset"),
        ("sales --since 2017-03-01 --until 2017-03-01", Exit.USAGE, "--until 2017-03-01 is not after --since"),
        ("sales --since 2016-02-01 --until 2016-03-01", Exit.STATE, "no day of retail/sales_day in [2016-02-01,"),
        ("sales --since 2017-02-01 --until 2017-03-01 --contract x", Exit.USAGE, "unknown contract 'x'"),
        ("sales --since yesterday --until 2017-03-01", Exit.USAGE, "'yesterday' does not match the format '%Y-%m-%d'"),
        ("sales --since 2017-02-01 --until 2017-03-01 --column nope", Exit.STATE, "columns 'nope' of retail/sales_day"),
    ],
)  # fmt: skip
def test_what_cannot_be_frozen(words: str, code: Exit, says: str, qoa: Qoa, scene: Scene) -> None:
    """What is not known, not there or not sensible is said, and nothing is written."""
    published_days(scene, 1)
    said = qoa("contract", "freeze", *words.split(), "--name", "n")
    assert said.code == code
    assert says in said.err
    with scene.ledger() as ledger:
        assert not ledger.find(Profile)


def test_coverage_names_promises_that_were_never_violated(qoa: Qoa, scene: Scene) -> None:
    """A promise that was violated once can fail; one that never was has not been shown to catch anything."""
    (found,) = qoa("contract", "coverage", "--json").data["contracts"]
    promises = {f"{p['subject']}.{p['promise']}": p for p in found["promises"]}
    assert promises["sales.volume"]["violated"] == 2
    assert promises["sales.complete"]["windows"] == 0
    text = qoa("contract", "coverage").out
    assert "never violated: sales.schema, sales.complete" in text
    said = qoa("contract", "coverage", "--contract", "x")
    assert said.code == Exit.USAGE
    assert "unknown contract 'x'" in said.err


def test_the_scene_has_a_contract_in_force(scene: Scene) -> None:
    """The content in force is the file's."""
    with scene.ledger() as ledger:
        head = ledger.pointer(PointerKind.CONTRACT, "retail-demand")
        assert head is not None
        assert head.value is not None


def test_diff_says_whether_the_version_must_rise(qoa: Qoa, scene: Scene, tmp_path: Path) -> None:
    """Against what is in force, and of two files; the exit code follows the version, and what --fail-on names."""
    path = scene.root / "contracts" / "retail.yaml"
    assert qoa("contract", "diff", str(path)).out.splitlines()[-1] == "no change"
    text = path.read_text().replace('must: ">= 99 %", severity', 'must: ">= 95 %", severity', 1)
    path.write_text(text)
    said = qoa("contract", "diff", str(path), "--json")
    assert (said.code, said.data["version_must_rise"]) == (1, True)
    assert [(c["path"], c["field"], c["effect"]) for c in said.data["changes"]] == [
        ("sales.complete", "must", "loosening")
    ]
    old = scene.root / "contracts" / "old.yaml"
    old.write_text(text.replace('">= 95 %", severity', '">= 99 %", severity', 1))
    path.write_text(text.replace("version: 1", "version: 2", 1))
    assert qoa("contract", "diff", str(old), str(path)).code == 0
    assert qoa("contract", "diff", str(old), str(path), "--fail-on", "loosening").code == 1
    assert qoa("contract", "diff", str(old), str(path), "--fail-on", "tightening").code == 0
    path.write_text(text.replace("name: retail-demand", "name: another", 1))
    said = qoa("contract", "diff", str(path))
    assert (said.code, "no contract 'another' is in force. In force: retail-demand" in said.err) == (4, True)
    assert qoa("contract", "diff", "a", "b", "c").code == 2
