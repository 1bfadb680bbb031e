"""The queue of writers: fair, and with a limit to patience."""

import threading
import time
from pathlib import Path

import pytest

from qoa_platform.ledger import LedgerLocked
from qoa_platform.ledger.lock import FairLock


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """Who comes second waits until the first lets go."""
    first, second = FairLock(tmp_path / "lock", 10), FairLock(tmp_path / "lock", 10)
    first.acquire()
    order: list[str] = []

    def wait() -> None:
        second.acquire()
        order.append("second")
        second.release()

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.05)
    order.append("first")
    first.release()
    thread.join(10)
    assert order == ["first", "second"]
    first.close()
    second.close()


def test_an_abandoned_wait_does_not_keep_the_lock(tmp_path: Path) -> None:
    """Who gave up and gets the lock later gives it back at once."""
    first, second = FairLock(tmp_path / "lock", 10), FairLock(tmp_path / "lock", 0.05)
    first.acquire()
    with pytest.raises(LedgerLocked, match=r"for more than 0\.05 s"):
        second.acquire()
    first.release()
    third = FairLock(tmp_path / "lock", 5)
    third.acquire()
    third.release()
    second.acquire()
    for lock in (first, second, third):
        lock.close()


def test_waiters_are_served_in_the_order_they_came(tmp_path: Path) -> None:
    """First come, first served: no writer starves."""
    holder = FairLock(tmp_path / "lock", 10)
    holder.acquire()
    served: list[int] = []

    def queue(place: int) -> None:
        lock = FairLock(tmp_path / "lock", 10)
        lock.acquire()
        served.append(place)
        lock.close()

    threads = [threading.Thread(target=queue, args=(i,)) for i in range(5)]
    for thread in threads:
        thread.start()
        time.sleep(0.03)
    holder.close()
    for thread in threads:
        thread.join(10)
    assert served == [0, 1, 2, 3, 4]


def test_the_mark_outlives_the_holder(tmp_path: Path) -> None:
    """That something was made is remembered in the lock's file."""
    lock = FairLock(tmp_path / "lock", 1)
    lock.acquire()
    assert not lock.marked
    lock.mark()
    lock.close()
    again = FairLock(tmp_path / "lock", 1)
    again.acquire()
    assert again.marked
    again.close()
