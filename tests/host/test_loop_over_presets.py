"""Owns the tests of presets that move by verdicts: cheaper when dear, better again after the bar, with hysteresis."""

from datetime import timedelta

import pytest

from qoa_platform.orchestration.tags import GB_HOUR, VCPU_HOUR
from qoa_platform.records import PointerKind, ReactionKind
from tests.host.conftest import Open
from tests.host.shop import DEMAND, RELEASE, TRAINING, Shop, text

CHEAPER = """\
policy:
  - {name: cheaper, when: training.price violated, do: [{degrade: shop/features}], on_recovery: upgrade, cooldown: 7 d}
"""
FEATURES = "shop/features"
DEAR = {VCPU_HOUR: "36000000", GB_HOUR: "0"}
DEGRADE, UPGRADE = ReactionKind.DEGRADE, ReactionKind.UPGRADE


@pytest.fixture
def shop(open_shop: Open) -> Shop:
    """The shop with its model and a rule that trades quality for cost."""
    opened = open_shop(text(DEMAND, TRAINING, CHEAPER, RELEASE))
    opened.daily()
    return opened


def trained(shop: Shop, *, dear: bool = False, after: timedelta = timedelta(days=1)) -> str:
    """A training run *after* a while, and the preset that it used; what follows from it is done."""
    shop.tick(shop.workspace.clock.at() + after)
    shop.run("shop/features", "shop/demand_model", tags=DEAR if dear else None)
    used = str(shop.trial(FEATURES).parameters["preset"])
    shop.settle()
    return used


def moves(shop: Shop) -> list[tuple[str, str | None]]:
    """The preset's history."""
    return [(m.verb, m.value) for m in shop.ledger.moves(PointerKind.PRESET, key=FEATURES)]


def test_the_best_preset_is_the_first(shop: Shop) -> None:
    """As long as nothing is violated the last of the list is in force, and nothing moves."""
    assert trained(shop) == "high"
    assert moves(shop) == []


def test_a_dear_run_degrades_once(shop: Shop) -> None:
    """A cost breach leads to one Degrade, from high to medium; the next run uses it, and its frame says so."""
    trained(shop, dear=True)
    assert moves(shop) == [("degrade", "medium")]
    assert trained(shop) == "medium"
    digest = shop.published(FEATURES) or ""
    assert shop.workspace.read_frame(FEATURES, "all", digest)["preset"].to_list() == ["medium"]


def test_it_upgrades_when_the_bar_is_over(shop: Shop) -> None:
    """Two cheap runs end the episode; high stays barred for seven days from the Degrade, then comes back, once."""
    trained(shop, dear=True)
    trained(shop)
    trained(shop)
    assert [str(e.closing) for e in shop.world.episodes] == ["cleared"]
    assert moves(shop) == [("degrade", "medium")]
    shop.tick(shop.workspace.clock.at() + timedelta(days=4, hours=23))
    shop.settle()
    assert moves(shop) == [("degrade", "medium")]
    shop.tick(shop.workspace.clock.at() + timedelta(hours=1))
    shop.settle()
    assert moves(shop) == [("degrade", "medium"), ("upgrade", "high")]
    assert trained(shop) == "high"


def test_it_does_not_upgrade_while_the_episode_lasts(shop: Shop) -> None:
    """The bar alone is not enough: without two runs that keep the promise the cheaper preset stays."""
    trained(shop, dear=True)
    shop.tick(shop.workspace.clock.at() + timedelta(days=30))
    shop.settle()
    assert moves(shop) == [("degrade", "medium")]


def test_violated_again_leads_to_the_next_cheaper_one(shop: Shop) -> None:
    """Dear again after the cool-down: from medium to poor; below poor there is nothing, and nothing moves."""
    trained(shop, dear=True)
    trained(shop, dear=True, after=timedelta(days=7))
    assert moves(shop) == [("degrade", "medium"), ("degrade", "poor")]
    trained(shop, dear=True, after=timedelta(days=7))
    assert moves(shop) == [("degrade", "medium"), ("degrade", "poor")]


def test_dear_within_the_cooldown_moves_nothing(shop: Shop) -> None:
    """A second dear run the day after does not degrade again: the cool-down is not over."""
    trained(shop, dear=True)
    trained(shop, dear=True)
    assert moves(shop) == [("degrade", "medium")]


def test_the_bar_doubles_when_it_repeats(shop: Shop) -> None:
    """High was left twice: the second time it is barred for fourteen days, so that presets do not swing."""
    trained(shop, dear=True)
    trained(shop)
    trained(shop)
    shop.tick(shop.workspace.clock.at() + timedelta(days=7))
    shop.settle()
    trained(shop, dear=True)
    second = shop.reactions(DEGRADE)[-1].at
    trained(shop)
    trained(shop)
    assert moves(shop)[-1] == ("degrade", "medium")
    shop.tick(second + timedelta(days=14) - timedelta(hours=1))
    shop.settle()
    assert moves(shop)[-1] == ("degrade", "medium")
    shop.tick(second + timedelta(days=14))
    shop.settle()
    assert moves(shop)[-1] == ("upgrade", "high")
    assert shop.lives(UPGRADE) == [["applied"]] * 2


def test_cost_and_time_at_once_are_one_step(open_shop: Open) -> None:
    """Two rules that degrade the same preset in one evaluation coalesce into one reaction that serves both."""
    both = TRAINING.replace(
        '"<= 1 USD"}\n', '"<= 1 USD"}\n      - {id: slow, metric: resource.elapsed, must: "<= 0 s"}\n'
    )
    faster = CHEAPER + CHEAPER.partition("\n")[2].replace("cheaper", "faster").replace("price", "slow")
    shop = open_shop(text(DEMAND, both, faster, RELEASE))
    shop.daily()
    trained(shop, dear=True)
    assert moves(shop) == [("degrade", "medium")]
    assert len(shop.reactions(DEGRADE)) == 1
    assert len(shop.reactions(DEGRADE)[0].serves) == 2
