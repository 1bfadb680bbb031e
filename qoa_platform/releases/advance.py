"""Owns ``advance``: what happens next to the versions of a model, by its release policy, on the evidence there is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from re import findall

from qoa_platform.records import (
    ModelVersion,
    Move,
    Release,
    ReleasePolicy,
    ReleaseState,
    Verdict,
    short,
)
from qoa_platform.releases.evidence import Finding, against, first_champion
from qoa_platform.releases.history import ROLLBACK, terms

OFFLINE_STAGES = frozenset({"backtest", "full"})
"""Stages that need no traffic. Others wait until serving exists."""
OPEN = frozenset({ReleaseState.CANDIDATE, ReleaseState.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A version that is to become champion in place of *leaving*.

    *release* is its revision ``promoted``, to be committed in one batch with the move of the alias: so a version is
    never champion without its release saying so, nor the other way round.
    """

    version: str
    leaving: str | None
    reason: str
    release: Release
    evidence: dict[str, object] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """The cause of the reaction: this release against this champion. Against another one it is another reaction."""
        return short("promotion", self.release.id, self.leaving)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What follows: new revisions of *releases* to be written, at most one promotion, and a line for every version."""

    releases: tuple[Release, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Everything :func:`advance` looks at."""

    policy: ReleasePolicy
    releases: dict[str, Release]
    versions: tuple[ModelVersion, ...]
    champion: str | None
    verdicts: Sequence[Verdict]
    backtest: Collection[tuple[str, str]]
    moves: Sequence[Move]
    held: bool
    at: datetime
    wall: datetime

    def change(self, release: Release, state: ReleaseState, finding: Finding | None = None, why: str = "") -> Release:
        """*release* in *state*, as a further revision; the same object when nothing changed."""
        found = finding or Finding(state=state, reasons=(why,) if why else release.reasons, evidence=release.evidence)
        counted = found.sample is not None and found.sample != release.evidence.get("sample")
        evidence = dict(found.evidence)
        sample = found.sample or release.evidence.get("sample")
        if sample is not None:
            evidence["sample"] = sample
        changed = replace(
            release, state=state, reasons=found.reasons, evidence=evidence, samples=release.samples + counted
        )
        if changed == release:
            return release
        return replace(changed, at=self.at, wall=self.wall, revision=release.revision + 1)


def advance(
    policy: ReleasePolicy,
    *,
    releases: Sequence[Release],
    versions: Sequence[ModelVersion],
    champion: str | None,
    verdicts: Sequence[Verdict],
    backtest: Collection[tuple[str, str]],
    held: bool,
    at: datetime,
    wall: datetime,
    moves: Sequence[Move] = (),
) -> Advance:
    """What becomes of the candidates of ``policy.model`` (semantics 20 to 22). Pure; twice on the same gives the same.

    Only the newest version is a candidate: it takes the place of any that waits. Without a champion its promises over
    the *backtest* decide ((subject, promise) pairs, see ``backtest_promises``); with one its objective's verdict
    against that champion does. Refused, rolled back, replaced and retired are final: only a forced release (a person's
    ``qoa promote --force`` wrote it as a candidate with ``forced``) brings such a version back, and goes first.
    A standing hold (*held*) keeps every promotion back, not the judging.

    *releases* are last revisions, *verdicts* the current ones, *moves* those of the champion alias (they tell a
    version that was rolled back from one that was succeeded). Raises ValueError for a policy it does not know.
    """
    if policy.first != "promises":
        message = f"release of {policy.model}: first {policy.first!r}. Allowed: promises"
        raise ValueError(message)
    scene = _Scene(
        policy=policy, releases=_latest(releases, policy.model), champion=champion, verdicts=verdicts,
        versions=tuple(sorted((v for v in versions if v.model == policy.model), key=_age)),
        backtest=backtest, moves=moves, held=held, at=at, wall=wall,
    )  # fmt: skip
    revised = _settled(scene) | _contested(scene)
    return _promoted(scene, revised)


def _latest(releases: Sequence[Release], model: str) -> dict[str, Release]:
    """The release that counts of each version: the last revision of its highest number."""
    latest: dict[str, Release] = {}
    for release in sorted((r for r in releases if r.model == model), key=lambda r: (r.number, r.revision)):
        latest[release.version] = release
    return latest


def _age(version: ModelVersion) -> tuple[datetime, tuple[int, ...], str]:
    """Oldest first; of versions of one moment the lower number."""
    return version.at, tuple(int(n) for n in findall(r"\d{1,9}", version.version)), version.version


def _settled(scene: _Scene) -> dict[str, Release]:
    """Releases brought in line with who is champion."""
    settled = {}
    ended = {t.version: t.ended for t in terms(scene.moves, scene.policy.model)}
    for version, release in scene.releases.items():
        if release.state is ReleaseState.PROMOTED and version != scene.champion:
            back = ended.get(version) == ROLLBACK
            state = ReleaseState.ROLLED_BACK if back else ReleaseState.RETIRED
            why = "rolled back" if back else f"succeeded by {scene.champion}"
            settled[version] = scene.change(release, state, why=why)
        elif release.state in OPEN and version == scene.champion:
            settled[version] = scene.change(release, ReleaseState.PROMOTED, why="is champion")
    if scene.champion is not None and scene.champion not in scene.releases:
        adopted = _fresh(scene, scene.champion)
        why = "became champion outside the release policy"
        settled[scene.champion] = scene.change(adopted, ReleaseState.PROMOTED, why=why)
    return settled


def _contested(scene: _Scene) -> dict[str, Release]:
    """The candidates: the newest version judged, every older one that still waits replaced by it."""
    contested: dict[str, Release] = {}
    newest = scene.versions[-1].version if scene.versions else None
    for entry in scene.versions:
        version = entry.version
        release = scene.releases.get(version)
        if version == scene.champion or (release and (release.state not in OPEN or release.forced)):
            continue
        known = release or _fresh(scene, version)
        if version != newest:
            contested[version] = scene.change(known, ReleaseState.REPLACED, why=f"{newest} took its place")
            continue
        finding = _judged(scene, known)
        contested[version] = scene.change(known, finding.state, finding)
    return contested


def _judged(scene: _Scene, release: Release) -> Finding:
    online = [stage.name for stage in scene.policy.stages if stage.name not in OFFLINE_STAGES]
    if online:
        return Finding(state=ReleaseState.WAITING, reasons=(f"stage {online[0]} needs serving, which is not there",))
    verdicts = [v for v in scene.verdicts if v.key.version == release.version and not v.provisional]
    if scene.champion is None:
        return first_champion(verdicts, scene.backtest)
    return against(scene.policy, release, verdicts, scene.champion)


def _promoted(scene: _Scene, revised: dict[str, Release]) -> Advance:
    """The revisions to be written, with at most one promotion taken out of them; a forced one goes first."""
    forced = sorted(
        (r for v, r in scene.releases.items() if r.forced and r.state in OPEN and v != scene.champion),
        key=lambda r: (r.at, r.number, r.version),
    )
    wins = [r for v, r in revised.items() if r.state is ReleaseState.PROMOTED and v != scene.champion]
    writes = {v: r for v, r in revised.items() if r not in wins}
    for older in forced[:-1]:
        writes[older.version] = scene.change(older, ReleaseState.REPLACED, why=f"{forced[-1].version} was forced later")
    chosen = scene.change(forced[-1], ReleaseState.PROMOTED) if forced else next(iter(wins), None)
    if chosen is not None and scene.held:
        writes[chosen.version], chosen = _kept_back(scene, chosen), None
    reasons = [f"{v}: {r.state}: {'; '.join(r.reasons)}" for v, r in sorted(writes.items())]
    fresh = tuple(r for v, r in writes.items() if r is not scene.releases.get(v))
    if chosen is None:
        return Advance(releases=fresh, reasons=tuple(reasons))
    reason = "; ".join(chosen.reasons) or ("forced by " + chosen.actor if chosen.forced else "")
    promotion = Promotion(
        version=chosen.version, leaving=scene.champion, reason=reason, release=chosen,
        evidence={**chosen.evidence, "release": chosen.id, "number": chosen.number, "forced": chosen.forced},
    )  # fmt: skip
    reasons.append(f"{chosen.version}: promote: {reason}")
    return Advance(releases=fresh, promotions=(promotion,), reasons=tuple(reasons))


def _kept_back(scene: _Scene, chosen: Release) -> Release:
    """The release of a version that a hold keeps from being promoted: it waits, and says for what."""
    before = scene.releases.get(chosen.version) or _fresh(scene, chosen.version)
    why = f"a hold stands on {scene.policy.model}"
    reasons = (why, *(r for r in chosen.reasons if r != why))
    finding = Finding(
        state=ReleaseState.WAITING, reasons=reasons, evidence=chosen.evidence,
        sample=str(chosen.evidence["sample"]) if "sample" in chosen.evidence else None,
    )  # fmt: skip
    return scene.change(before, ReleaseState.WAITING, finding)


def _fresh(scene: _Scene, version: str) -> Release:
    """A version's first release before its first revision: whatever it changes to is revision 0."""
    return Release(
        model=scene.policy.model,
        version=version,
        state=ReleaseState.CANDIDATE,
        at=scene.at,
        wall=scene.wall,
        revision=-1,
    )
