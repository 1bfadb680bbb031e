"""Rules of what a step used."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from qoa_platform.metering import Sampler

BURN = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\n"


def _burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.fixture
def busy_neighbour() -> Iterator[None]:
    """A process that burns a core, started by a shell that is gone: no descendant of this one."""
    burn = f"[sys.executable, '-c', {BURN.format(seconds=30)!r}]"
    launch = f"import subprocess, sys; print(subprocess.Popen({burn}, stdout=subprocess.DEVNULL).pid)"
    done = subprocess.run([sys.executable, "-c", launch], stdout=subprocess.PIPE, text=True, check=True, timeout=30)
    pid = int(done.stdout)
    time.sleep(0.2)
    try:
        yield
    finally:
        subprocess.run(["/bin/kill", "-9", str(pid)], check=False)


def test_a_busy_neighbour_does_not_change_the_figures(busy_neighbour: None) -> None:
    """RF-6: CPU and memory are the step's own, not the host's; a sleeping step used next to nothing."""
    me = psutil.Process()
    ours = sum(p.memory_info().rss for p in [me, *me.children(recursive=True)]) + 2**28  # other tests left their part
    with Sampler(interval=0.02) as meter:
        time.sleep(0.6)
    usage = meter.usage
    assert usage.cpu_seconds is not None
    assert usage.cpu_seconds < 0.3
    assert 0.6 <= usage.seconds < 3
    assert usage.peak_bytes is not None
    assert 0 < usage.peak_bytes < ours


def test_own_cpu_is_counted() -> None:
    """A step that burns 0.3 s of CPU used at least that, and not several times as much."""
    with Sampler() as meter:
        _burn(0.3)
    assert meter.usage.cpu_seconds is not None
    assert 0.27 <= meter.usage.cpu_seconds < 0.9


def test_children_count_whether_they_live_or_are_reaped() -> None:
    """CPU and memory of the tree are the step's: of a child waited for, and of one that still runs."""
    with Sampler(interval=0.02) as meter:
        subprocess.run([sys.executable, "-c", BURN.format(seconds=0.3)], check=True)
        hungry = "x = bytearray(200_000_000)\n" + BURN.format(seconds=0.3) + "print('.', flush=True)\ninput()"
        child = subprocess.Popen([sys.executable, "-c", hungry], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
    child.communicate(b"\n")
    assert meter.usage.cpu_seconds is not None
    assert meter.usage.peak_bytes is not None
    assert 0.55 <= meter.usage.cpu_seconds < 3
    assert meter.usage.peak_bytes > 200_000_000


def test_time_and_price_do_not_depend_on_the_interval() -> None:
    """RF-5: sampled every 5 ms or every hour, elapsed time and price are the clock's."""
    ticks = [iter([100.0, 1100.0]) for _ in range(2)]
    prices = []
    for interval, tick in zip((0.005, 3600.0), ticks, strict=True):
        with Sampler(interval=interval, vcpus=1, gigabytes=4, clock=tick.__next__) as meter:
            time.sleep(0.05)
        assert meter.usage.seconds == 1000
        prices.append(meter.usage.usd)
    assert prices[0] == prices[1] == pytest.approx(0.0162, abs=5e-5)


def test_a_peak_between_two_looks_is_not_missed() -> None:
    """The kernel's high-water mark catches what sampling does not see."""
    with Sampler(interval=3600) as meter:
        block = bytearray(300_000_000)
        del block
    assert meter.usage.peak_bytes is not None
    assert meter.usage.peak_bytes > 300_000_000


def test_a_step_that_raises_has_its_usage() -> None:
    """The error goes on, the figures stay, and the sampling thread has ended."""
    meter = Sampler(interval=0.01)

    def step() -> None:
        with meter:
            time.sleep(0.02)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        step()
    assert meter.usage.seconds >= 0.02
    assert not meter._thread.is_alive()


def test_a_running_step_says_what_it_used_so_far() -> None:
    """Runs in progress are judged too (decision 16)."""
    with Sampler() as meter:
        time.sleep(0.02)
        first = meter.usage.seconds
        time.sleep(0.02)
        assert 0.02 <= first < meter.usage.seconds
    assert meter.usage == meter.usage


def test_looking_costs_little() -> None:
    """Sampling at the default interval takes less than 5 % of a step."""
    with Sampler() as meter:
        time.sleep(1.0)
    assert meter.overhead_seconds / meter.usage.seconds < 0.05


@pytest.mark.parametrize("interval", [0, -1, float("nan")])
def test_an_impossible_interval_is_refused(interval: float) -> None:
    """An interval is seconds above 0."""
    with pytest.raises(ValueError, match="interval is"):
        Sampler(interval=interval)
