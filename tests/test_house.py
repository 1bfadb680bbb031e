"""The rules of the house that no other tool holds: sizes, the map, what is documented, what is never committed."""

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "qoa_platform"
FOLDERS = ("qoa_platform", "assets", "sensors", "tests", "bench")
FILE, FUNCTION, AIM, LOOP, PORTS, SENSOR = 400, 60, 40, 200, 100, 30
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    """Every Python file of *folders*."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]


def text(name: str) -> str:
    """The text of a file of the repository; nothing when it does not exist."""
    return path.read_text("utf-8") if (path := ROOT / name).is_file() else ""


def none(found: Iterable[str], rule: str = "") -> None:
    """Fail with all that was found, one a line."""
    if listed := list(found):
        pytest.fail("\n  ".join([rule, *listed]), pytrace=False)


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text("utf-8").splitlines())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file with the length of its body, the docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Function):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", length


def modules(package: Path) -> set[str]:
    """The modules of a package by their names, those of its folders as ``folder/name``."""
    found = {path.relative_to(package).with_suffix("").as_posix() for path in package.rglob("*.py")}
    return {name for name in found if Path(name).name != "__init__"}


def test_files_are_short() -> None:
    """A file has at most 400 lines; the loop 200, the ports 100."""
    limits = {LIBRARY / "loop.py": LOOP, LIBRARY / "ports.py": PORTS}
    long = {p.relative_to(ROOT): n for p in sources(*FOLDERS) if (n := lines(p)) > limits.get(p, FILE)}
    none(f"{path} ({n})" for path, n in long.items())


def test_functions_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    """A function's body has at most 60 lines; those above 40, which is the aim, are listed."""
    found = [(name, n) for path in sources(*FOLDERS) for name, n in functions(path) if n > AIM]
    with capsys.disabled():
        for name, n in found:
            print(f"\nover {AIM} lines, the aim: {name} ({n})", end="")
    none(f"{name} ({n})" for name, n in found if n > FUNCTION)


def test_sensors_are_thin() -> None:
    """A sensor or schedule of the project has at most 30 lines, decorators included: the library does the work."""
    for path in sources("sensors"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, Function):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                assert (node.end_lineno or 0) - first < SENSOR, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_modules_say_what_they_own() -> None:
    """The docstring of a module of the library begins with ``Owns``; only the library's own says what it is."""
    files = [path for path in sources("qoa_platform") if path != LIBRARY / "__init__.py"]
    docs = {path: ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "" for path in files}
    none(str(path.relative_to(ROOT)) for path, doc in docs.items() if not doc.startswith("Owns "))


def test_every_test_states_its_rule() -> None:
    """Every test has a docstring."""
    found = [(path, node) for path in sources("tests") for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    tests = [(path, node) for path, node in found if isinstance(node, Function) and node.name.startswith("test_")]
    none(f"{path.relative_to(ROOT)}:{node.lineno}" for path, node in tests if ast.get_docstring(node) is None)


def test_dagster_files_keep_real_annotations() -> None:
    """Dagster reads annotations at run time: no ``from __future__ import annotations`` where it looks."""
    where = sources("assets", "sensors", "qoa_platform/orchestration")
    none(str(path) for path in where if "from __future__ import annotations" in path.read_text("utf-8"))


def test_the_map_is_true() -> None:
    """CODEMAP.md has one heading per package that exists and names every module of it, and nothing else."""
    sections = re.findall(r"^## `([\w/]+)/`.*\n((?:(?!^## ).*\n)*)", text("CODEMAP.md") + "\n", re.MULTILINE)
    said = {name: set(re.findall(r"`([\w/]+)\.py`", body)) for name, body in sections}
    packages = [p for parent in ("qoa_platform", "assets") for p in sorted((ROOT / parent).iterdir())]
    there = {str(p.relative_to(ROOT)): modules(p) for p in packages if p.is_dir() and any(p.glob("*.py"))}
    for folder in ("qoa_platform", "assets", "sensors"):
        there[folder] = {p.stem for p in (ROOT / folder).glob("*.py") if p.stem != "__init__"}
    none(sorted(said.keys() ^ there.keys()), "CODEMAP.md has headings for other packages than there are:")
    wrong = {f"{name}/{module}.py" for name in there for module in said[name] ^ there[name]}
    none(sorted(wrong), "name these in CODEMAP.md, or no longer:")


def test_every_metric_is_documented() -> None:
    """Every id of the catalogue is explained on the page of its family, docs/metrics/<family>.md."""
    from qoa_platform.metrics.catalogue import catalogue

    pages = {family: text(f"docs/metrics/{family}.md") for family in {m.family for m in catalogue().values()}}
    none(f"{m.family}: {m.id}" for m in catalogue().values() if f"`{m.id}`" not in pages[m.family])


def test_every_reaction_is_documented() -> None:
    """Every kind of reaction stands in docs/reactions.md."""
    from qoa_platform.records import ReactionKind

    page = text("docs/reactions.md")
    none(kind.value for kind in ReactionKind if f"`{kind.value}`" not in page)


def commands(group: object, name: str = "qoa") -> Iterator[str]:
    """Every command of a click group, as typed."""
    import click

    if not isinstance(group, click.Group):
        yield name
        return
    context = click.Context(group)
    for sub in group.list_commands(context):
        yield from commands(group.get_command(context, sub), f"{name} {sub}")


def test_every_command_is_documented() -> None:
    """Every command of ``qoa`` stands in docs/cli.md, as it is typed."""
    cli = pytest.importorskip("qoa_platform.cli", reason="qoa has no command line yet")
    page = text("docs/cli.md")
    none(name for name in commands(cli.main) if name not in page)


def tracked() -> list[Path]:
    """The files that git knows, or would take."""
    listing = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60).stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def test_nothing_of_one_machine_is_committed() -> None:
    """No path of a machine, host of a package index, uv.lock, secret or state of a run is in the repository."""
    indexes = "|".join(["py" + r"pi\.org", "python" + "hosted", "registry\\." + "npmjs", "--" + "extra-index-url"])
    places = "|".join(["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", "/tmp/" + "work"])
    bad = re.compile(f"({indexes}|(?<![\\w.]){places}|BEGIN [A-Z ]*PRIVATE KEY)")
    found = []
    for path in tracked():
        if path.name == "uv.lock" or {".qoa", ".dagster"} & set(path.parts):
            found.append(str(path))
        if path.suffix in {".png", ".parquet", ".skops"}:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if match := bad.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]}")
    none(found)


def test_the_wheel_holds_the_library_only(tmp_path: Path) -> None:
    """The wheel has qoa_platform with its types marker and licence, and neither assets nor sensors nor tests."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    assert {re.sub(r"-.*", "", name.split("/")[0]) for name in names} == {"qoa_platform"}
    assert "qoa_platform/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert [name for name in names if "__pycache__" in name] == []
