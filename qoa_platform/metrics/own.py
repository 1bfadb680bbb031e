"""Owns a project's own metrics: from installed packages by entry point, and from the project's ``metrics.yaml``."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qoa_platform.metrics.class_metric import ClassOf
from qoa_platform.metrics.expr_metric import ExprMetric
from qoa_platform.metrics.expressions import ExpressionError
from qoa_platform.metrics.protocol import Arity, MetricError, MetricSpec

FILE = "metrics.yaml"
GROUP = "qoa_platform.metrics"
FAMILY = "own"
KEYS = frozenset({"id", "unit", "direction", "fields", "read", "text"})
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The metrics that a project adds to the catalogue, and what kept others out: (where, why)."""

    specs: Mapping[str, MetricSpec] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()


def own() -> Own:
    """What the installed packages add, and the project around the working directory; read once per process."""
    return of_project(project_of(Path.cwd()))


def unloaded() -> str:
    """What to say beside an unknown metric: which ones of the project could not be loaded; nothing where all were."""
    return "".join(f" Not loaded: {where}: {why}." for where, why in own().problems)


def project_of(folder: Path) -> Path | None:
    """The nearest folder from *folder* upward that has a ``metrics.yaml``."""
    return next((each for each in (folder, *folder.parents) if (each / FILE).is_file()), None)


@cache
def of_project(root: Path | None) -> Own:
    """The own metrics of the project in *root* (or of installed packages alone). What cannot be read is a problem."""
    specs: dict[str, MetricSpec] = {}
    problems: list[tuple[str, str]] = []
    for where, made in (*_installed(), *(_written(root) if root is not None else ())):
        try:
            found = made() if callable(made) else made
            spec = spec_of(found)
        except Exception as error:  # noqa: BLE001 (a module may be anybody's)
            problems.append((where, f"{type(error).__name__}: {error}" if _alien(error) else str(error)))
            continue
        if specs.setdefault(spec.id, spec) is not spec:
            problems.append((where, f"{spec.id} is defined twice. Allowed: every id once"))
    return Own(specs=MappingProxyType(specs), problems=tuple(problems))


def _alien(error: Exception) -> bool:
    return not isinstance(error, MetricError | ExpressionError)


def spec_of(found: Any) -> MetricSpec:
    """The row of the catalogue of an ExprMetric, or of a class with ``ask`` and ``read``. Raises MetricError."""
    if isinstance(found, ExprMetric):
        return MetricSpec(
            id=found.id, family=FAMILY, unit=found.unit, direction=found.direction, definition=found.text,
            columns=Arity.NONE, per_column=False, implemented=True, build=found.of,
        )  # fmt: skip
    made = ClassOf(found)
    return MetricSpec(
        id=found.id, family=FAMILY, unit=found.unit, direction=found.direction, definition=made.text,
        params=made.params, columns=made.arity, per_column=made.per_column, implemented=True, build=made.of,
    )  # fmt: skip


def loaded(reference: str, root: Path) -> Any:
    """What ``module:Name`` names, in the project in *root* or installed.

    Raises MetricError for another spelling, ImportError, AttributeError.
    """
    module, colon, name = reference.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise MetricError(f"{reference!r}. Allowed: package.module:Name")
    if str(root) not in sys.path:
        sys.path.append(str(root))  # after all others: a project shadows nothing that is installed
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _installed() -> Iterator[tuple[str, Any]]:
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        yield f"entry point {entry.name} = {entry.value}", entry.load


def _written(root: Path) -> Iterator[tuple[str, Any]]:
    """Each entry of the file, and how it is made."""
    import yaml  # noqa: PLC0415 (only where a project has the file)

    path = root / FILE
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise MetricError(f"{len(content):,} bytes. Allowed: {MAX_BYTES:,}")  # noqa: TRY301 (said with its file)
        document = yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506 (it makes texts, lists and mappings alone)
    except (OSError, yaml.YAMLError, MetricError, UnicodeDecodeError) as error:
        text = str(error)
        yield str(path), lambda: _refuse(text)
        return
    entries = document.get("metrics") if isinstance(document, dict) else None
    if not isinstance(entries, list) or set(document) != {"metrics"}:
        yield str(path), lambda: _refuse("not a list under metrics:, and nothing else")
        return
    for place, entry in enumerate(entries, 1):
        yield f"{path}, metric {place}", lambda entry=entry: _entry(entry, root)


def _entry(entry: Any, root: Path) -> Any:
    """A reference ``use: module:Name``, or a definition. Raises MetricError, ExpressionError, ImportError."""
    if not isinstance(entry, dict):
        raise MetricError(f"{entry!r}. Allowed: use: module:Name, or {', '.join(sorted(KEYS))}")
    if set(entry) == {"use"} and isinstance(entry["use"], str):
        return loaded(entry["use"], root)
    lacking, alien = KEYS - {"text"} - set(entry), set(entry) - KEYS
    if lacking or alien:
        said = [f"lacks {', '.join(sorted(lacking))}"] * bool(lacking) + [f"has {', '.join(sorted(alien))}"] * bool(
            alien
        )
        raise MetricError(f"{' and '.join(said)}. Allowed: use: module:Name, or {', '.join(sorted(KEYS))}")
    fields = entry["fields"]
    if not isinstance(fields, dict) or not fields or not all(isinstance(v, str) for v in fields.values()):
        raise MetricError("fields is no mapping of names to texts, such as n: count()")
    if not all(isinstance(entry[key], str) for key in set(entry) - {"fields"}):
        raise MetricError("id, unit, direction, read and text are texts")
    return ExprMetric(**entry)


def _refuse(message: str) -> Any:
    raise MetricError(message)
