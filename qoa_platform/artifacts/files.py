"""Owns FileStore, the content-addressed store: ``<root>/<name>/<sha256><suffix>``, written durably, gated by digest."""

import contextlib
import os
import re
import secrets
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from qoa_platform.artifacts.errors import ArtifactError
from qoa_platform.failpoints import failpoint
from qoa_platform.records import safe_digest, safe_key

SUFFIX: Final = re.compile(r"(\.[a-z0-9]{1,12}){1,2}")
TEMPORARY: Final = ".writing-"


class FileStore:
    """Files under *root*, named by what is in them: implements ``ports.Artifacts``.

    A name is slash-separated safe segments (``retail/sales_day/2017-10-04``, ``demand``). No name, digest or suffix
    leads out of *root*, and no symbolic link is followed below it. Raises ArtifactError.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()

    def __repr__(self) -> str:
        return f"FileStore({str(self.root)!r})"

    def put(self, name: str, content: bytes, /, suffix: str) -> str:
        """Keep *content* under *name*; its SHA-256. Durable on return: file and folders are synced.

        Content that is there already is not written again; a damaged file of that digest is replaced.
        """
        found = sha256(content).hexdigest()
        path = self.path(name, found, suffix)
        if self._read(path) == content:
            return found
        try:
            self._write(path, content)
        except OSError as error:
            message = f"artifact {path} could not be written: {error}. Nothing was published; free space or fix rights"
            raise ArtifactError(message) from error
        return found

    def get(self, name: str, digest: str, /, suffix: str) -> bytes:
        """The bytes whose SHA-256 is *digest*, read whole and checked before anyone parses them."""
        path = self.path(name, digest, suffix)
        content = self._read(path)
        if content is None:
            message = f"artifact {name}: there is no file with digest {digest} ({path})"
            raise ArtifactError(message)
        found = sha256(content).hexdigest()
        if found != digest:
            message = (
                f"artifact {path} is damaged: expected digest {digest}, found {found} ({len(content)} bytes). "
                "It was not parsed. Restore the file, or go back to another version"
            )
            raise ArtifactError(message)
        return content

    def exists(self, name: str, digest: str, /, suffix: str) -> bool:
        """Whether there is a file of that digest (its content is checked by ``get`` only)."""
        return self.path(name, digest, suffix).is_file()

    def path(self, name: str, digest: str, suffix: str) -> Path:
        """Where the file stands. ArtifactError when name, digest or suffix is not safe, or a link stands in the way."""
        try:
            folder = self.root / safe_key(name, "artifact name")
            safe_digest(digest)
        except ValueError as error:
            raise ArtifactError(str(error)) from error
        if not SUFFIX.fullmatch(suffix):
            message = f"artifact suffix {suffix!r} is not allowed. Allowed: {SUFFIX.pattern}"
            raise ArtifactError(message)
        path = folder / f"{digest}{suffix}"
        real = path.resolve()
        if not real.is_relative_to(self.root.resolve()) or real != self.root.resolve() / path.relative_to(self.root):
            message = f"artifact {path} is reached through a symbolic link (to {real}), which is not followed"
            raise ArtifactError(message)
        return path

    def sweep(self, older: float) -> int:
        """Remove what writers that were killed left behind more than *older* seconds ago; how many files."""
        gone = 0
        for path in self.root.rglob(f"{TEMPORARY}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.lstat().st_mtime > older:
                    path.unlink()
                    gone += 1
        return gone

    def _read(self, path: Path) -> bytes | None:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            message = f"artifact {path} cannot be read: {error}"
            raise ArtifactError(message) from error
        with os.fdopen(file, "rb") as opened:
            return opened.read()

    def _write(self, path: Path, content: bytes) -> None:
        self._make(path.parent)
        temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(6)}")
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            with os.fdopen(file, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            failpoint("artifact.before_rename")
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)
        failpoint("artifact.after_rename")

    def _make(self, folder: Path) -> None:
        """Make *folder*, syncing each parent that got a new entry: a folder lost at power loss loses its files."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            made.mkdir(exist_ok=True)
            _sync(made.parent)


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
