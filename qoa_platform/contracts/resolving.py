"""Owns finding what ``schema:`` names: a data contract or schema beside it, or the project's pandera model."""

from collections.abc import Callable
from pathlib import Path

from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.odcs import read_odcs
from qoa_platform.contracts.pandera_schema import MODEL, read_model
from qoa_platform.contracts.pandera_yaml import is_pandera_yaml, read_pandera_yaml
from qoa_platform.contracts.yaml12 import MAX_BYTES, load
from qoa_platform.records import SchemaRef

_MARKERS = ("workspace.yaml", "pyproject.toml", ".git")


def project_of(path: Path) -> Path:
    """The project that a contract lies in: the nearest folder above with ``workspace.yaml``, else with another sign."""
    folders = path.absolute().parents
    for marker in _MARKERS:
        found = next((folder for folder in folders if (folder / marker).exists()), None)
        if found is not None:
            return found
    return folders[0]


def resolver(path: Path) -> Callable[[str], SchemaRef]:
    """How ``schema:`` is found for the contract in *path*. Files lie in its own folder (or below), never elsewhere.

    The resolver raises GrammarError, or ContractErrors with the problems of the file that was found.
    """
    folder = path.absolute().parent

    def resolve(ref: str) -> SchemaRef:
        if MODEL.fullmatch(ref):
            content = read_model(ref, project_of(path)).content
            return SchemaRef(ref=ref, dialect="pandera", content=content)
        name, _, chosen = ref.partition("#")
        found = _inside(folder, name)
        document = load(found).root
        if document is not None and is_pandera_yaml(document.plain):
            return SchemaRef(ref=ref, dialect="pandera", content=read_pandera_yaml(document.plain).content)
        contract = read_odcs(found, str(path.parent / name))
        try:
            content = contract.object(chosen or None).schema.content
        except KeyError as error:
            raise GrammarError(str(error.args[0]), f"As in: {name}#object") from error
        return SchemaRef(ref=ref, dialect="odcs", content=content)

    return resolve


def _inside(folder: Path, name: str) -> bytes:
    """The content of a file of *folder*, which no name escapes."""
    parts = Path(name).parts
    if not name or Path(name).is_absolute() or ".." in parts or "\\" in name or "\x00" in name:
        raise GrammarError(
            "lies outside the contract's folder", "Allowed: a file beside the contract, or module:PanderaModel"
        )
    target = folder / name
    if not target.is_file():
        near = sorted(p.name for p in folder.glob("*.odcs.yaml"))
        raise GrammarError("there is no such file", f"Here are: {', '.join(near) or 'none'}")
    if not target.resolve().is_relative_to(folder.resolve()):
        raise GrammarError("lies outside the contract's folder", "Allowed: a file beside the contract")
    try:
        with target.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GrammarError(f"cannot be read: {error.strerror or error}") from error
