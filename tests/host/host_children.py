"""Owns what child processes of the host tests do: run assets of the shop until they end, are ended, or are killed."""

import os
import signal
import sys
import time
from pathlib import Path

import dagster as dg

from tests.host.shop import DAY, Shop, Source, day_of
from tests.host.signalling import PROCESS


def train(root: str, home: str) -> None:
    """A training run that says when it is under way, and takes a minute."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def slow() -> None:
        print("under way", flush=True)
        time.sleep(60)

    shop = _opened(root, home)
    shop.source.during = slow
    run = shop.train(tags={PROCESS: str(os.getpid())})
    print(run.status.value, flush=True)


def daily(root: str, home: str) -> None:
    """The daily run; a failpoint may kill it."""
    shop = _opened(root, home)
    print(shop.daily().status.value, flush=True)


def daily_with_a_bad_row(root: str, home: str) -> None:
    """The daily run of a day of which one row is bad."""
    shop = _opened(root, home)
    shop.source.days[DAY] = day_of(DAY, amount=[1.0, -2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    print(shop.daily().status.value, flush=True)


def _opened(root: str, home: str) -> Shop:
    instance = dg.DagsterInstance.from_config(home)
    contract = (Path(root) / "contracts" / "shop.yaml").read_text("utf-8")
    return Shop.open(Path(root), contract, instance, Source())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
