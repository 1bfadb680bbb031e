"""Owns files and folders as sources: Parquet and CSV, hive-partitioned too, local or wherever fsspec reaches."""

from typing import Any

from qoa_platform.scans.delimited import opened_texts
from qoa_platform.scans.opening import Opened, SourceError, of_dataset

PARQUET = ("parquet", "pq")
DELIMITED = ("csv", "tsv")
PACKED = ("gz", "bz2", "xz", "zst")


def opened_path(path: str) -> Opened:
    """A Parquet or CSV file, or a folder of one of them; of a hive-partitioned one, the folders' names are columns.

    Files of a folder may differ in their columns: one that a file lacks is missing there. Names that begin with ``_``
    or ``.`` are left out. Raises SourceError for what is not there, or is neither.
    """
    import fsspec  # noqa: PLC0415 (slow to import)

    try:
        system, root = fsspec.core.url_to_fs(path)
        files = [root] if system.isfile(root) else sorted(f for f in system.find(root) if _is_data(f, root))
    except (ImportError, ValueError, OSError) as error:
        raise SourceError(f"{path!r} cannot be opened: {type(error).__name__}: {error}") from error
    if not files:
        raise SourceError(f"{path!r} is no file, nor a folder with one. Allowed: Parquet or CSV, local or by URL")
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1 or not kinds <= {*PARQUET, *DELIMITED}:
        raise SourceError(f"{path!r} holds {', '.join(sorted(kinds))}. Allowed: one kind, of parquet or csv")
    if kinds <= set(DELIMITED):
        return opened_texts(path, system, files)
    return of_dataset(_dataset(system, root, files))


def _kind(file: str) -> str:
    *_, before, last = ["", *file.rsplit("/", 1)[-1].lower().split(".")]
    return before if last in PACKED else last


def _is_data(file: str, root: str) -> bool:
    inner = file.removeprefix(root).strip("/").split("/")
    return not any(part.startswith(("_", ".")) for part in inner)


def _dataset(system: Any, root: str, files: list[str]) -> Any:
    """All files as one dataset, whose schema is that of all of them together."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.dataset as ds  # noqa: PLC0415
    from pyarrow.fs import FSSpecHandler, LocalFileSystem, PyFileSystem  # noqa: PLC0415

    local = "file" in ([system.protocol] if isinstance(system.protocol, str) else system.protocol)
    where = LocalFileSystem() if local else PyFileSystem(FSSpecHandler(system))
    options = ds.FileSystemFactoryOptions(
        partition_base_dir=root if len(files) > 1 or files != [root] else None,
        partitioning=ds.HivePartitioning.discover(infer_dictionary=False),
    )
    try:
        factory = ds.FileSystemDatasetFactory(where, files, ds.ParquetFileFormat(), options)
        return factory.finish(factory.inspect(promote_options="permissive", fragments=None))
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{root!r} cannot be read: {type(error).__name__}: {error}") from error
