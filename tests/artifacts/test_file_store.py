"""FileStore: content-addressed, gated by digest, durable; damage is found before anyone parses it."""

import os
import pickle
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.artifacts import ArtifactError, FileStore, frame_to_parquet, parquet_to_frame
from qoa_platform.artifacts.models import loads

SUFFIX = ".parquet"


@given(content=st.binary(max_size=500))
def test_what_was_put_is_what_is_got(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """``get(put(content)) == content``; putting it again changes nothing."""
    store = FileStore(tmp_path_factory.mktemp("store"))
    digest = store.put("data/x", content, suffix=SUFFIX)
    assert store.put("data/x", content, suffix=SUFFIX) == digest
    assert store.get("data/x", digest, suffix=SUFFIX) == content
    assert [p.name for p in store.root.rglob("*") if p.is_file()] == [f"{digest}{SUFFIX}"]


@pytest.mark.parametrize("cut", [0, 1, 50, -1])
def test_a_truncated_file_is_never_parsed(tmp_path: Path, cut: int) -> None:
    """A file of no bytes, of some, or of all but one is refused by its digest, and healed by the next put."""
    store, content = FileStore(tmp_path), frame_to_parquet(pl.DataFrame({"x": [1, 2]}))
    digest = store.put("data/x", content, suffix=SUFFIX)
    store.path("data/x", digest, SUFFIX).write_bytes(content[:cut])
    with pytest.raises(ArtifactError, match=f"is damaged: expected digest {digest}.*It was not parsed"):
        store.get("data/x", digest, suffix=SUFFIX)
    assert store.put("data/x", content, suffix=SUFFIX) == digest
    assert parquet_to_frame(store.get("data/x", digest, suffix=SUFFIX)).height == 2


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    """One bit of a stored file changed: the digest gate says so."""
    store, content = FileStore(tmp_path), b"0" * 1000
    digest = store.put("data/x", content, suffix=SUFFIX)
    store.path("data/x", digest, SUFFIX).write_bytes(b"1" + content[1:])
    with pytest.raises(ArtifactError, match="is damaged"):
        store.get("data/x", digest, suffix=SUFFIX)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """A digest that nobody put is an error that names file and digest, never an empty content."""
    with pytest.raises(ArtifactError, match="there is no file with digest"):
        FileStore(tmp_path).get("data/x", "0" * 64, suffix=SUFFIX)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a parquet file", b"\x80\x04."])
def test_no_parquet_is_an_artifact_error(content: bytes) -> None:
    """Bytes that are no Parquet file are an ArtifactError, of whatever the reader raises."""
    with pytest.raises(ArtifactError, match="are no Parquet file"):
        parquet_to_frame(content)


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    """Half-written files older than asked are removed; a writer at work, and every artifact, is left alone."""
    store = FileStore(tmp_path)
    digest = store.put("data/x", b"content", suffix=SUFFIX)
    old, young = tmp_path / "data/x/.writing-1-aaaa", tmp_path / "data/x/.writing-2-bbbb"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert store.sweep(older=3600) == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert store.get("data/x", digest, suffix=SUFFIX) == b"content"


class Canary:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.write_text, (self.path, "unpickled"))


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    """Bytes of a pickle, handed in as a model or as a frame, are refused, and nothing in them runs."""
    canary = tmp_path / "sang"
    content = pickle.dumps(Canary(canary))
    for reading in (loads, parquet_to_frame):
        with pytest.raises(ArtifactError):
            reading(content)
    assert not canary.exists()
