"""The state machine of the loop: whatever is judged, run, held, forced and killed, on a real ledger, the rules hold."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qoa_platform.ledger import open_ledger
from qoa_platform.reactions.commands import promote_by_force
from qoa_platform.reactions.decide import decide
from qoa_platform.reactions.effects import batch_of, effect_of
from qoa_platform.reactions.episodes import is_good
from qoa_platform.reactions.guarding import plan_batch
from qoa_platform.reactions.snapshot import read_snapshot
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    FINAL_RELEASES,
    RUN_BACKED,
    Batch,
    Closing,
    Contract,
    Episode,
    ModelVersion,
    Outcome,
    OutcomeState,
    PointerKind,
    ReactionKind,
    Reason,
    Release,
    RunRequest,
    RunState,
    Status,
)
from tests.reactions.stage import (
    FEATURES,
    FORECAST,
    MODEL,
    RAW,
    RELEASE,
    SALES,
    START,
    Scene,
    contract,
    day,
    step,
)
from tests.reactions.stage import (
    rule as policy_rule,
)

POLICY = (
    policy_rule("stop", "sales.* blocked", "quarantine", "alert"),
    policy_rule("refetch", "sales.* blocked", step("rerun", RAW, attempts=2, backoff=timedelta(minutes=5))),
    policy_rule("pause", "sales.known violated", step("hold", SALES), on_recovery="release"),
    policy_rule("relearn", "sales.steady violated", step("retrain", "demand"), cooldown=timedelta(days=3)),
    policy_rule("back-out", "demand.live violated", step("rollback", "demand"), step("rerun", FORECAST), "alert"),
    policy_rule(
        "cheaper", "training.price violated", step("degrade", FEATURES), on_recovery="upgrade",
        cooldown=timedelta(days=2),
    ),
    policy_rule("blind", "any unknown(no_data)", "alert", cooldown=timedelta(days=1)),
)  # fmt: skip
PLACES = ("sales.volume", "sales.complete", "sales.known", "sales.steady", "training.price")
STATUSES = st.sampled_from([Status.SATISFIED, Status.VIOLATED, Reason.NO_DATA, Reason.NO_REFERENCE])
ENDINGS = st.sampled_from([RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELED, None])
JUMPS = st.sampled_from([timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=6), timedelta(days=1)])
HOLDS = st.sampled_from([f"asset:{RAW}", f"asset:{SALES}", "model:demand"])


class Loop(RuleBasedStateMachine):
    """A ledger on disk, the real loop over it, an orchestrator in memory, and everybody who may interfere."""

    @initialize()
    def begin(self) -> None:
        """A project with a first champion."""
        self.folder = TemporaryDirectory()
        self.version = 1
        self.scene = Scene(Path(self.folder.name), self.held())
        self.stale: World | None = None
        self.samples = 0
        self.train(Status.SATISFIED)

    def held(self) -> Contract:
        """The contract; every other version has no rule ``refetch``."""
        policy = POLICY if self.version % 2 else tuple(r for r in POLICY if r.name != "refetch")
        return contract(*policy, version=self.version, release=RELEASE)

    def teardown(self) -> None:
        """What was read on is what a new process reads; then the ledger is closed."""
        if not hasattr(self, "scene"):
            return
        try:
            self.later(timedelta(minutes=1))
            self.settle()
            assert self.scene.world() == self.afresh()
        finally:
            self.scene.ledger.close()
            self.folder.cleanup()

    def afresh(self) -> World:
        """The world as a process sees it that opens the ledger now."""
        now = self.scene
        with open_ledger(Path(self.folder.name) / "ledger.db") as ledger:
            snapshot = read_snapshot(
                ledger, graph=now.ports.graph, runs=now.runs.active(), at=now.clock.at(), wall=now.clock.wall()
            )
            return next(iter(snapshot.worlds()))

    # --------------- what happens around it

    @rule(by=JUMPS)
    def later(self, by: timedelta) -> None:
        """Time goes by."""
        self.scene.later(by)

    @rule(place=st.sampled_from(PLACES), back=st.integers(0, 3), status=STATUSES, data=st.sampled_from("ab"))
    def judge(self, place: str, back: int, status: Status | Reason, data: str) -> None:
        """Some window is judged, perhaps late, perhaps again, perhaps on the same data."""
        self.scene.later(timedelta(seconds=1))
        number = (self.scene.clock.now - START).days - back
        self.scene.judge(place, day(number), status, data=data * 64)

    @rule(place=st.sampled_from(PLACES), bad=st.integers(0, 3), good=st.integers(0, 2))
    def days_pass(self, place: str, bad: int, good: int) -> None:
        """Some bad days and then some good ones, each looked at by a lane."""
        for status in [Status.VIOLATED] * bad + [Status.SATISFIED] * good:
            self.later(timedelta(days=1))
            self.judge(place, 0, status, "c")
            self.react(launch=True)

    @rule(data=st.data())
    def repair(self, data: st.DataObject) -> None:
        """Every window of some open episode is measured again, and good."""
        now = self.scene
        still = [e for e in now.episodes() if e.open and e.key.subject != "demand"]
        if still:
            episode = data.draw(st.sampled_from(still))
            now.later(timedelta(seconds=1))
            for window in episode.windows:
                now.judge(f"{episode.key.subject}.{episode.key.promise}", window, "satisfied")
            self.react(launch=False)

    @rule()
    def better(self) -> None:
        """Two better versions are trained, each looked at by a lane."""
        for _ in range(2):
            self.train(Status.SATISFIED)
            self.react(launch=True)

    @precondition(lambda self: self.champion() is not None)
    @rule(status=STATUSES)
    def forecast(self, status: Status | Reason) -> None:
        """The champion's forecasts of a day are judged, and a lane looks."""
        self.scene.later(timedelta(days=1))
        number = (self.scene.clock.now - START).days
        self.scene.judge("demand.live", day(number), status, version=self.champion(), blocks=False)
        self.react(launch=True)

    @rule(status=st.sampled_from([Status.SATISFIED, Status.VIOLATED, Reason.IMPRECISE]))
    def train(self, status: Status | Reason) -> None:
        """A version is trained and backtested, against the champion where there is one."""
        now = self.scene
        now.later(timedelta(minutes=1))
        self.samples += 1
        version, against = f"v{self.samples}", self.champion()
        now.train(version)
        data = f"{self.samples:064d}"
        now.judge("demand.useful", day(0), status, version=version, data=data, blocks=False)
        if against is not None:
            now.judge(
                "release.objective", day(0), status, version=version, data=data, evidence={"champion": against},
                blocks=False,
            )  # fmt: skip

    @rule(data=st.data(), ending=ENDINGS)
    def end_a_run(self, data: st.DataObject, ending: RunState | None) -> None:
        """A run ends, or the orchestrator loses one that was seen before."""
        now = self.scene
        keys = [k for k, r in now.runs.runs.items() if r in now.runs.active()]
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        now.later(timedelta(seconds=1))
        if ending is not None:
            now.runs.end(key, ending)
        elif any(o.run == now.runs.runs[key].id for o in now.ledger.find(Outcome, all_revisions=True)):
            now.runs.forget(key)

    @rule()
    def somebody_runs(self) -> None:
        """A run that no reaction asked for works on yesterday's raw data."""
        now = self.scene
        if not any(r.reaction is None for r in now.runs.active()):
            now.runs.start((RAW, SALES), day((now.clock.now - START).days).partition)

    # --------------- what a person does

    @rule(what=st.sampled_from(["hold", "force", "accept", "enact"]), data=st.data())
    def person(self, what: str, data: st.DataObject) -> None:
        """A person holds or releases, promotes by force, accepts a day as it is, or enacts another contract."""
        now = self.scene
        now.later(timedelta(seconds=1))
        match what:
            case "hold":
                key = data.draw(HOLDS)
                now.point(PointerKind.HOLD, key, None if now.value(PointerKind.HOLD, key) else "looking into it")
            case "force":
                others = [v for v in now.ledger.find(ModelVersion) if v.version != self.champion()]
                if others and now.value(PointerKind.HOLD, "model:demand") is None:
                    version = data.draw(st.sampled_from(others))
                    now.commit(promote_by_force(now.world(), version, MODEL, actor="ann", reason="so"))
            case "accept":
                partition = day((now.clock.now - START).days - data.draw(st.integers(0, 2))).partition
                now.point(PointerKind.ACCEPTED, f"{SALES}|{partition}", data.draw(st.sampled_from("ab")) * 64)
            case _:
                self.version += 1
                now.enact(self.held())

    # --------------- the lanes

    @rule(launch=st.booleans())
    def react(self, launch: bool) -> None:
        """One of the two lanes reconciles; only the sensor's launches runs."""
        self.launch(self.scene.reconcile(launch=False).requests if launch else ())

    def launch(self, requests: Sequence[RunRequest]) -> None:
        """Start what is wanted: never for a held asset, never beside an active run of that asset and partition."""
        now = self.scene
        for request in requests:
            assert not any(now.value(PointerKind.HOLD, f"asset:{a}") for a in request.assets)
            reaction = next(r for r in now.reactions() if r.id == request.reaction)
            active = [
                r for r in now.runs.active() if r.partition == request.partition and request.assets[0] in r.assets
            ]
            assert reaction.kind is not ReactionKind.RERUN or not active
            assert request.attempt <= reaction.attempts
            now.runs.request(request)

    @rule()
    def settle(self) -> None:
        """Reconciled until idle, nothing is left: the plan is empty, and a second reconcile changes nothing."""
        now = self.scene
        done = now.reconcile(launch=False)
        for _ in range(6):
            self.launch(done.requests)
            done = now.reconcile(launch=False)
            if done.idle and not done.requests:
                break
        plan = now.plan()
        assert plan.empty, (done, plan)
        seq = now.ledger.seq()
        again = now.reconcile(launch=False)
        assert again.idle
        assert again.refused == []
        assert again.requests == []
        assert now.ledger.seq() == seq
        self.open_episodes_are_bad()

    def open_episodes_are_bad(self) -> None:
        """Once settled, every open episode has a window that is not good yet; one that was repaired has none."""
        world = self.scene.world()
        heads = {(v.key, v.window): v for v in world.verdicts}
        for episode in world.episodes:
            held = [heads[episode.key, w] for w in episode.windows if (episode.key, w) in heads]
            if episode.open:
                assert not all(is_good(world, v) for v in held)

    @rule()
    def killed_after_the_intent(self) -> None:
        """A process writes its plan and dies: the intents are durable, nothing is performed."""
        self.scene.ledger.commit(plan_batch(self.scene.world(), self.scene.plan()))

    @rule()
    def look_away(self) -> None:
        """A slow process reads the ledger, and will act on what it saw much later."""
        self.stale = self.scene.world()

    @precondition(lambda self: self.stale is not None)
    @rule()
    def act_on_what_was_seen(self) -> None:
        """The slow process writes its plan and performs its intents on an old view: refused, or done once."""
        assert self.stale is not None
        old, ledger = self.stale, self.scene.ledger
        plan = decide(old)
        batches: list[Batch] = [] if plan.empty else [plan_batch(old, plan)]
        intents = [r for r in old.reactions if r.id not in old.outcomes and r.kind is not ReactionKind.TERMINATE]
        batches += [batch_of(old, r, effect_of(old, r, ("log",))) for r in intents]
        for batch in batches:
            ledger.commit(batch)

    # --------------- what always holds

    def champion(self) -> str | None:
        """Who is champion."""
        return self.scene.value(PointerKind.ALIAS, "demand|champion")

    @invariant()
    def every_reaction_is_applied_at_most_once(self) -> None:
        """Counted at the effect: moves per pointer and reaction, runs per reaction and attempt, messages per key."""
        if not hasattr(self, "scene"):
            return
        ledger = self.scene.ledger
        applied = Counter(
            o.reaction for o in ledger.find(Outcome, all_revisions=True) if o.state is OutcomeState.APPLIED
        )
        moved = Counter(
            (m.kind, m.key, m.reaction)
            for kind in (PointerKind.ALIAS, PointerKind.HOLD, PointerKind.PRESET, PointerKind.QUARANTINE)
            for m in ledger.moves(kind)
            if m.reaction is not None
        )
        told = Counter(e.key for sink in ("log", "dagster") for _, e in ledger.outbox(sink, 10_000))
        started = Counter((r.reaction, r.attempt) for r in self.scene.runs.launched)
        for counted in (applied, moved, told, started):
            assert all(n == 1 for n in counted.values()), counted

    @invariant()
    def equal_steps_are_one_while_in_flight(self) -> None:
        """Whoever decided when, on whatever view: no two runs are awaited for one asset and partition, or model."""
        if not hasattr(self, "scene"):
            return
        last = {o.reaction: o for o in self.scene.ledger.find(Outcome)}
        flying = Counter(
            (r.kind, r.target)
            for r in self.scene.reactions()
            if r.kind in RUN_BACKED and not (r.id in last and last[r.id].final)
        )
        assert all(n == 1 for n in flying.values()), flying

    @invariant()
    def the_history_is_linear(self) -> None:
        """Generations of the champion follow one another, and no rollback goes into a version marked as bad before."""
        if not hasattr(self, "scene"):
            return
        moves = self.scene.ledger.moves(PointerKind.ALIAS, "demand|champion")
        assert [m.generation for m in moves] == list(range(1, len(moves) + 1))
        assert all(a.value == b.previous for a, b in pairwise(moves))
        bad = {move.key for move in self.scene.ledger.moves(PointerKind.BAD_VERSION)}
        left: set[str] = set()
        for move in moves:
            if move.verb == "rollback":
                left.add(str(move.previous))
                assert move.value not in left
                assert f"demand|{move.previous}" in bad

    @invariant()
    def one_open_episode_per_key_and_none_reopens(self) -> None:
        """A key has one open episode at most; after its closing revision an episode has no other."""
        if not hasattr(self, "scene"):
            return
        revisions: dict[str, list[Episode]] = {}
        for episode in self.scene.ledger.find(Episode, all_revisions=True):
            revisions.setdefault(episode.id, []).append(episode)
        still = Counter(found[-1].key for found in revisions.values() if found[-1].open)
        assert all(n == 1 for n in still.values())
        for found in revisions.values():
            assert [e.revision for e in found] == list(range(len(found)))
            assert all(e.open for e in found[:-1])
            assert found[-1].closing is None or found[-1].closing in set(Closing)

    @invariant()
    def what_is_final_is_final(self) -> None:
        """No release has a revision after a final state, no reaction an outcome after a final one."""
        if not hasattr(self, "scene"):
            return
        releases: dict[str, list[Release]] = {}
        for release in self.scene.ledger.find(Release, all_revisions=True):
            releases.setdefault(release.id, []).append(release)
        assert all(r.state not in FINAL_RELEASES for found in releases.values() for r in found[:-1])
        outcomes: dict[str, list[Outcome]] = {}
        for outcome in self.scene.ledger.find(Outcome, all_revisions=True):
            outcomes.setdefault(outcome.reaction, []).append(outcome)
        assert not any(o.final for found in outcomes.values() for o in found[:-1])

    @invariant()
    def the_champion_has_a_release_that_says_so(self) -> None:
        """Whoever is champion by policy, force or rollback has a promoted release; nobody else's counts as promoted."""
        if not hasattr(self, "scene"):
            return
        latest: dict[str, Release] = {}
        for release in sorted(self.scene.ledger.find(Release), key=lambda r: r.number):
            latest[release.version] = release
        champion = self.champion()
        assert champion is None or latest[champion].state == "promoted"


Loop.TestCase.settings = settings(max_examples=30, stateful_step_count=35, deadline=None)
TestLoop = Loop.TestCase
