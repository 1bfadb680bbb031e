"""Owns Wake: unix datagrams by which a commit is heard of in other processes, without polling."""

import errno
import os
import secrets
import socket
import time
from pathlib import Path
from typing import Self

NET = 1.0
"""Seconds after which a waiter looks anyway: a datagram is a hint, the ledger is the truth."""

BLIND = 0.02
"""Seconds between looks where no socket can be bound (a read-only folder, no unix sockets)."""

_LONGEST = 100
"""A socket's address holds 108 bytes; a longer path goes through /proc/self/fd."""


class Wake:
    """A folder of datagram sockets, one per waiting thread. Whoever commits sends each of them one byte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket: socket.socket | None = None
        self._name = ""
        self._blind = False

    def listen(self) -> None:
        """Bind a socket, once. From here on no commit goes unheard."""
        if self._socket is not None or self._blind:
            return
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._name = f"{os.getpid()}-{secrets.token_hex(6)}"
        try:
            self._folder.mkdir(exist_ok=True)
            with _Address(self._folder) as address:
                receiver.bind(address.of(self._name))
        except OSError:
            receiver.close()
            self._blind = True
            return
        self._socket = receiver

    def hear(self, seconds: float) -> None:
        """Return when a commit was heard of, or after *seconds* (at most ``NET``)."""
        if self._socket is None:
            time.sleep(min(seconds, BLIND))
            return
        self._socket.settimeout(max(min(seconds, NET), 0.001))
        try:
            self._socket.recv(16)
            self._socket.settimeout(0)
            while self._socket.recv(16):
                pass
        except (TimeoutError, BlockingIOError):
            return

    def tell(self) -> None:
        """Wake all who listen. Never raises: who is not reached looks after ``NET`` seconds."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError:
            return
        if not names:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, _Address(self._folder) as address:
            sender.settimeout(0)
            for name in names:
                try:
                    sender.sendto(b"!", address.of(name))
                except OSError as error:
                    if error.errno == errno.ECONNREFUSED:
                        (self._folder / name).unlink(missing_ok=True)  # its process is gone

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            (self._folder / self._name).unlink(missing_ok=True)


class _Address:
    """Addresses of the sockets in a folder, however long its path is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def __enter__(self) -> Self:
        if len(os.fsencode(self._folder)) + 32 > _LONGEST:
            self._file = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        return self

    def of(self, name: str) -> str:
        """The address of one socket."""
        return str(self._folder / name) if self._file is None else f"/proc/self/fd/{self._file}/{name}"

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
