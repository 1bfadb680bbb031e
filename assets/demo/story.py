"""Owns the story: what is planted on which day, and what a person does; what follows is the platform's doing."""

from datetime import date, timedelta

from assets.demo.calendar import FIRST, LAST, WATCHED, day, days
from assets.demo.screen import Screen
from assets.demo.stage import Stage
from qoa_platform.orchestration.tags import VCPU_HOUR
from qoa_platform.records import ReleaseState

PATIENCE = 12
"""Days that the story waits for a rollback or an upgrade."""
WAITING = 52
"""Days of the replay in which a challenger may win; then the story goes on without one."""
DEAR = 50.0
"""How many times the allowed price a training run costs on the day when computing is dear."""


def tell(stage: Stage, screen: Screen) -> None:
    """The whole story, in order. Nothing in it is tied to a figure: later acts wait for what earlier ones lead to."""
    history(stage, screen)
    bad_days(stage, screen)
    promoted = lasting_change(stage, screen)
    back = worse_model(stage, screen, promoted)
    last = dear_day(stage, screen, back)
    rest(stage, screen, last)


def history(stage: Stage, screen: Screen) -> None:
    """Nine months in one run, then the first champion."""
    with screen.act(f"history: {FIRST} to {day(0)}, imported in one run", total=1):
        stage.begin(day(0))
        stage.history(FIRST, day(0))
        screen.step()
        screen.say(stage.today, "a person trains the first version; there is no champion, so its own promises decide")
        stage.train(afresh=True)
        stage.settle()


def bad_days(stage: Stage, screen: Screen) -> None:
    """A day that comes in halves, two that do while the loop is down, and one that stays broken."""
    with screen.act("replay: bad days", total=7):
        for number in (1, 2):
            _play(stage, screen, day(number))
        _half(stage, screen, day(3), times=1)
        _play(stage, screen, day(3))
        _play(stage, screen, day(4))
        for number in (5, 6):
            _half(stage, screen, day(number), times=1)
        screen.say(day(5), "the loop is down for two days: nobody reacts")
        for number in (5, 6):
            stage.begin(day(number))
            stage.materialize(day(number))
            screen.step()
        stage.settle()
        key = _half(stage, screen, day(7), times=None)
        _play(stage, screen, day(7))
    stage.begin(day(8))
    screen.say(day(8), "a person mends the feed of day 7 and materializes it again")
    stage.mend(key)
    stage.materialize(day(7))
    stage.settle()


def lasting_change(stage: Stage, screen: Screen) -> date:
    """Prices double for good; the model is trained again until one is better beyond doubt. The day of its promotion."""
    screen.say(day(8), "from now on every sale brings twice as much: right, but new")
    stage.plant(
        "lasting_shift", since=day(8), times=None, reason="prices doubled for good",
        params=(("columns", ("sales_value",)), ("factor", 2.0)),
    )  # fmt: skip
    before = stage.champion
    with screen.act("replay: a lasting change", total=WAITING - 7):
        for when in days(day(8), day(WAITING)):
            _play(stage, screen, when)
            if stage.champion != before:
                return when
    screen.say(stage.today, "no challenger was better beyond doubt; the story goes on with the old champion")
    return stage.today


def worse_model(stage: Stage, screen: Screen, promoted: date) -> date:
    """A person trains a plainly worse version; it is refused, forced all the same, and rolled back."""
    good = stage.champion
    with screen.act("replay: a worse model", total=PATIENCE):
        stage.begin(promoted + timedelta(days=1))
        screen.say(stage.today, "a person trains the plain mean of 56 days")
        stage.materialize(stage.today)
        stage.train(recipe="mean_56")
        stage.settle()
        worse = stage.world.versions[-1].version
        refused = [r for r in stage.world.releases if r.version == worse and r.state is ReleaseState.REFUSED]
        screen.say(stage.today, f"{worse} is {'refused' if refused else 'not refused'}; a person forces it")
        stage.begin(stage.today + timedelta(days=1))
        stage.materialize(stage.today)
        stage.force(worse, "trust me")
        stage.settle()
        for when in days(stage.today + timedelta(days=1), stage.today + timedelta(days=PATIENCE)):
            _play(stage, screen, when)
            if stage.champion == good:
                break
    return stage.today


def dear_day(stage: Stage, screen: Screen, back: date) -> date:
    """Computing is dear for a day: a cheaper preset; it comes back when its bar is over."""
    asset = "retail/features"
    best = stage.world.preset(asset)
    with screen.act("replay: a dear day", total=PATIENCE):
        rate = f"{stage.vcpu_hour(DEAR):.0f}"
        for number, tags in enumerate(({VCPU_HOUR: rate}, {}, {}), start=1):
            stage.begin(back + timedelta(days=number))
            stage.materialize(stage.today)
            if tags:
                screen.say(stage.today, f"a vCPU-hour costs {rate} USD today; a training run")
            stage.train(run_tags=tags)
            stage.settle()
            screen.step()
        for when in days(stage.today + timedelta(days=1), stage.today + timedelta(days=PATIENCE)):
            _play(stage, screen, when)
            if stage.world.preset(asset) == best:
                break
    return stage.today


def rest(stage: Stage, screen: Screen, last: date) -> None:
    """The remaining days in a second import: judged, not reacted to."""
    with screen.act(f"the rest: {last + timedelta(days=1)} to {LAST}, imported in one run", total=1):
        stage.begin(LAST)
        stage.history(last + timedelta(days=1), LAST)
        screen.step()
        stage.settle()
    with screen.act(f"every metric that applies, from {WATCHED} on", total=3):
        fortnight, week = WATCHED + timedelta(days=13), LAST - timedelta(days=6)
        stage.look(WATCHED, fortnight)
        stage.freeze(WATCHED, fortnight, "autumn")
        screen.step()
        stage.look(fortnight + timedelta(days=1), week - timedelta(days=1))
        screen.step()
        stage.look(week, LAST - timedelta(days=1), imported=False)
        screen.step()
        stage.settle()


def _play(stage: Stage, screen: Screen, when: date) -> None:
    stage.play(when)
    screen.step()


def _half(stage: Stage, screen: Screen, when: date, *, times: int | None) -> str:
    screen.say(when, "the feed will send half the rows" + ("" if times else ", and again at every fetch"))
    return stage.plant("half_rows", day=when, times=times, reason="planted by the demo")
