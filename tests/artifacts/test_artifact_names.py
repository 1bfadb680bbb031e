"""Names of assets, models and artifacts: none of them leads out of the store (architecture §4, decision 2)."""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.artifacts import ArtifactError, FileStore
from qoa_platform.records import safe_key, safe_name

DIGEST = "0" * 64
ESCAPES = (
    "..", "../x", "a/../../x", "a/..", "/etc/passwd", "//x", "a//b", "a/./b", ".", "", " ", "a/", "/", "~", "~root/x",
    "..\\x", "a\\..\\x", "C:\\x", "c:/x", "\\\\host\\share", "%2e%2e/x", "%2e%2e%2fx", "..%2fx", "..%00/x", "a\x00b",
    "a\nb", "a\r", "\u2024\u2024/x", "\uff0e\uff0e/x", "\u2025/x", "..\u2215x", "..\uff0fx", "\u202e/x", "a b", "a;b",
    "$HOME", "`x`", "a*", "a?", "|x", "-" + "x" * 300, ".hidden", "x" * 129, "/".join(["a"] * 9),
)  # fmt: skip
"""Ways out that other stores have been left by: dots, encoded and look-alike dots, separators, NUL, drives, globs."""


@pytest.mark.parametrize("name", ESCAPES, ids=quote)
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    """A name that is no slash-separated safe segments is refused by put, get and exists, and nothing is written."""
    store = FileStore(tmp_path / "store")
    for use in (
        lambda: store.put(name, b"x", suffix=".parquet"),
        lambda: store.get(name, DIGEST, suffix=".parquet"),
        lambda: store.exists(name, DIGEST, suffix=".parquet"),
    ):
        with pytest.raises(ArtifactError, match="is not allowed"):
            use()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("digest", ["", "..", "../" + "0" * 61, "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 63 + "/"])
@pytest.mark.parametrize("suffix", [".parquet"])
def test_no_digest_leads_out(tmp_path: Path, digest: str, suffix: str) -> None:
    """What is no SHA-256 in lower-case hexadecimal names no file."""
    with pytest.raises(ArtifactError, match="Allowed: 64 lower-case hexadecimal digits"):
        FileStore(tmp_path).get("data", digest, suffix=suffix)


@pytest.mark.parametrize("suffix", ["", "parquet", "./x", "..", ".PARQUET", ".a/b", ".x\x00", ".a.b.c", "." + "x" * 13])
def test_no_suffix_leads_out(tmp_path: Path, suffix: str) -> None:
    """A suffix is one or two short lower-case extensions."""
    with pytest.raises(ArtifactError, match="suffix"):
        FileStore(tmp_path).put("data", b"x", suffix=suffix)


@given(name=st.text(max_size=40))
def test_a_safe_name_is_one_segment_and_a_safe_key_stays_below(name: str) -> None:
    """Whatever text passes as a name is one path segment, and whatever passes as a key resolves below its root."""
    root = Path("/store")
    with suppress(ValueError):
        assert Path(safe_name(name, "model")).parts == (name,)
    try:
        key = safe_key(name, "asset")
    except ValueError:
        return
    below = Path(os.path.normpath(root / key))
    assert below != root
    assert below.is_relative_to(root)


@pytest.mark.parametrize("where", ["folder", "file"])
def test_no_symbolic_link_is_followed(tmp_path: Path, where: str) -> None:
    """A link below the root, of a folder or of the file itself, is refused, and its target stays as it was."""
    store, outside = FileStore(tmp_path / "store"), tmp_path / "outside"
    outside.mkdir()
    digest = store.put("data/x", b"inside", suffix=".parquet")
    path = store.path("data/x", digest, ".parquet")
    (outside / path.name).write_bytes(b"inside")
    if where == "file":
        path.unlink()
        path.symlink_to(outside / path.name)
    else:
        path.unlink()
        path.parent.rmdir()
        path.parent.symlink_to(outside, target_is_directory=True)
    with pytest.raises(ArtifactError, match="symbolic link"):
        store.get("data/x", digest, suffix=".parquet")
    with pytest.raises(ArtifactError, match="symbolic link"):
        store.put("data/x", b"inside", suffix=".parquet")
    assert sorted(p.name for p in outside.iterdir()) == [path.name]
    assert (outside / path.name).read_bytes() == b"inside"
