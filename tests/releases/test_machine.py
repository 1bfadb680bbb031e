"""The state machine of releases: whatever trains, judges, forces, holds and rolls back, the invariants hold."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qoa_platform.records import (
    FINAL_RELEASES,
    Key,
    Margin,
    MarginKind,
    ModelVersion,
    Move,
    Objective,
    PointerKind,
    Reason,
    Release,
    ReleasePolicy,
    ReleaseState,
    Severity,
    Stage,
    Status,
    Verdict,
    Window,
)
from qoa_platform.releases import Advance, advance, champion_at, last_good, terms

POLICY = ReleasePolicy(
    model="m", stages=(Stage(name="backtest"), Stage(name="full")), max_samples=3,
    objective=Objective(metric="model.wape", over="b", margin=Margin(kind=MarginKind.ABSOLUTE, value=0.0)),
)  # fmt: skip
ASKED = {("demand", "useful")}
OUTCOMES = st.sampled_from(
    [
        (Status.SATISFIED, None), (Status.VIOLATED, None), (Status.UNKNOWN, Reason.IMPRECISE),
        (Status.UNKNOWN, Reason.NO_DATA), (Status.UNKNOWN, Reason.NO_REFERENCE),
    ]
)  # fmt: skip


class Releases(RuleBasedStateMachine):
    """A ledger in memory: releases by (version, number, revision), the alias, and what the shell would do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2017, 10, 1, tzinfo=UTC)
        self.versions: list[ModelVersion] = []
        self.log: list[Release] = []
        self.moves: list[Move] = []
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        self.promotions: Counter[tuple[str, int]] = Counter()
        self.held = False
        self.sample = 0

    @property
    def champion(self) -> str | None:
        """Where the alias points."""
        return self.moves[-1].value if self.moves else None

    def current(self) -> dict[str, Release]:
        """The release that counts of each version."""
        return {r.version: r for r in sorted(self.log, key=lambda r: (r.number, r.revision))}

    def move(self, value: str, verb: str, reaction: str | None = None) -> None:
        """Compare-and-set of the alias."""
        generation = len(self.moves)
        self.moves.append(
            Move(
                kind=PointerKind.ALIAS, key="m|champion", value=value, expected=generation, verb=verb, actor="qoa",
                reason="r", reaction=reaction, at=self.now, wall=self.now, generation=generation + 1,
            )
        )  # fmt: skip

    def decide(self) -> Advance:
        """Pure: what follows now."""
        return advance(
            POLICY, releases=list(self.current().values()), versions=self.versions, champion=self.champion,
            verdicts=list(self.verdicts.values()), backtest=ASKED, held=self.held, at=self.now, wall=self.now,
            moves=self.moves,
        )  # fmt: skip

    @rule()
    def train(self) -> None:
        """A training run gives a further version."""
        self.now += timedelta(hours=1)
        name = f"v{len(self.versions) + 1}"
        self.versions.append(ModelVersion(model="m", version=name, artifact="a", trial="t", at=self.now, wall=self.now))

    @precondition(lambda self: self.versions)
    @rule(outcome=OUTCOMES, data=st.data(), against_champion=st.booleans())
    def judge(
        self,
        outcome: tuple[Status, Reason | None],
        data: st.DataObject,
        against_champion: bool,
    ) -> None:
        """A backtest judges some version: its own promise, and its objective against some champion."""
        version = data.draw(st.sampled_from([v.version for v in self.versions]))
        self.publish(version, outcome, self.champion if against_champion else "v1")

    def publish(self, version: str, outcome: tuple[Status, Reason | None], against: str | None) -> None:
        """The verdicts of a new backtest on *version*."""
        self.now += timedelta(hours=1)
        self.sample += 1
        for subject, promise in (*ASKED, ("release", "objective")):
            self.verdicts[version, promise] = Verdict(
                key=Key(contract="c", subject=subject, promise=promise, version=version),
                window=Window.of_day(self.now.date()), status=outcome[0], reason=outcome[1],
                severity=Severity.WARNING, metric="model.wape", value=0.1, contract_version=1, contract_digest="d",
                data=f"b{self.sample}", evidence={"champion": against}, at=self.now, wall=self.now,
            )  # fmt: skip

    @rule(outcome=OUTCOMES)
    def retrain(self, outcome: tuple[Status, Reason | None]) -> None:
        """The usual way: a new version, judged at once against the champion, and reacted to."""
        self.train()
        self.publish(self.versions[-1].version, outcome, self.champion)
        self.react(crash=False)

    @rule(crash=st.booleans())
    def react(self, crash: bool) -> None:
        """The shell performs what was decided, the promotion and its release in one batch; or dies before it."""
        self.now += timedelta(minutes=1)
        found = self.decide()
        assert found == self.decide()
        assert len(found.promotions) <= 1
        assert not (self.held and found.promotions)
        self.write(found.releases)
        for promotion in found.promotions:
            assert promotion.leaving == self.champion
            before = self.current().get(promotion.version)
            assert before is None or before.state not in FINAL_RELEASES
            if crash:
                continue
            self.promotions[promotion.version, promotion.release.number] += 1
            self.write((promotion.release,))
            self.move(promotion.version, "promote", promotion.cause)

    def write(self, releases: tuple[Release, ...]) -> None:
        """Append revisions: each the next of its release, none after a final one."""
        for release in releases:
            before = [r for r in self.log if r.id == release.id]
            assert release.revision == len(before)
            assert all(r.state not in FINAL_RELEASES for r in before)
            self.log.append(release)

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def force(self, data: st.DataObject) -> None:
        """A person starts a new release of some version that is not champion."""
        self.now += timedelta(minutes=1)
        version = data.draw(st.sampled_from([v.version for v in self.versions]))
        last = self.current().get(version)
        if version == self.champion or (last is not None and last.state not in FINAL_RELEASES):
            return
        number = last.number + 1 if last else 1
        self.log.append(
            Release(
                model="m", version=version, number=number, state=ReleaseState.CANDIDATE, forced=True, actor="person",
                reasons=("forced",), at=self.now, wall=self.now,
            )
        )  # fmt: skip

    @precondition(lambda self: self.champion is not None)
    @rule()
    def roll_back(self) -> None:
        """The champion is left for the last good version, if there is one."""
        self.now += timedelta(minutes=1)
        left, back = self.champion, last_good(self.moves, "m")
        if back is not None:
            assert back != left
            self.move(back, "rollback")

    @rule()
    def hold_or_release(self) -> None:
        """A person holds the model, or lets it go."""
        self.held = not self.held

    @invariant()
    def each_release_is_promoted_once(self) -> None:
        """At most one promotion per version and release number."""
        assert all(count == 1 for count in self.promotions.values())

    @invariant()
    def the_history_is_linear(self) -> None:
        """Terms follow one another without gap or overlap, and their last one is the champion."""
        told = terms(self.moves, "m")
        assert all(a.until == b.since for a, b in pairwise(told))
        assert champion_at(self.moves, "m", self.now) == self.champion

    @invariant()
    def deciding_settles(self) -> None:
        """Writing what was decided and deciding again writes nothing: level-triggered."""
        written = {(r.version, r.number): r for r in (*self.current().values(), *self.decide().releases)}
        again = advance(
            POLICY, releases=list(written.values()), versions=self.versions, champion=self.champion,
            verdicts=list(self.verdicts.values()), backtest=ASKED, held=self.held,
            at=self.now + timedelta(hours=5), wall=self.now, moves=self.moves,
        )  # fmt: skip
        assert again.releases == ()
        assert [p.version for p in again.promotions] == [p.version for p in self.decide().promotions]

    @invariant()
    def a_refused_version_is_no_champion(self) -> None:
        """Refused and replaced releases never lead to a term; only a forced one of a higher number does."""
        for version, number in self.promotions:
            own = [r.state for r in self.log if (r.version, r.number) == (version, number)]
            assert not {ReleaseState.REFUSED, ReleaseState.REPLACED} & set(own)


Releases.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestReleases = Releases.TestCase
