"""Owns frames as bytes: a Polars DataFrame ⇄ Parquet, the same frame always as the same bytes."""

import io
from typing import TYPE_CHECKING, Final

from qoa_platform.artifacts.errors import ArtifactError

if TYPE_CHECKING:
    import polars as pl

PARQUET: Final = ".parquet"
ROWS: Final = 262_144
"""Rows of a row group: fixed, for it is part of the bytes."""


def frame_to_parquet(frame: "pl.DataFrame") -> bytes:
    """*frame* as Parquet (zstd level 1, statistics), byte for byte the same for equal frames however they were built.

    Chunks are joined first, because their bounds would show in the file. A release of Polars writes its version into
    the file: the digest of equal frames differs between releases (a new data version, never a wrong one).
    """
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=1, statistics=True, row_group_size=ROWS,
    )  # fmt: skip
    return buffer.getvalue()


def parquet_to_frame(content: bytes) -> "pl.DataFrame":
    """The frame in *content*. ArtifactError when the bytes are no Parquet file.

    Only bytes that passed the digest gate (``FileStore.get``) belong here.
    """
    import polars as pl  # noqa: PLC0415 (heavy)

    try:
        return pl.read_parquet(io.BytesIO(content), use_pyarrow=False)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        message = f"{len(content)} bytes are no Parquet file: {error}"
        raise ArtifactError(message) from error
