"""Owns what is seen while the story is told: a progress line, and one line for each thing that happens."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from assets.demo.calendar import number
from qoa_platform.loop import Reconciled
from qoa_platform.records import Episode, Outcome, OutcomeState, Reaction, ReactionKind, Release, ReleaseState

STYLES = {
    OutcomeState.APPLIED: "green", OutcomeState.REQUESTED: "cyan", OutcomeState.FAILED: "red",
    OutcomeState.SKIPPED: "yellow", OutcomeState.RETRY: "yellow",
}  # fmt: skip
QUIET = frozenset({OutcomeState.RUNNING})


class Screen:
    """The console of the demo. It decides nothing: it shows the plans and outcomes that a settling returned."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn(),
            console=console, transient=True,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._reactions: dict[str, Reaction] = {}

    @contextmanager
    def act(self, title: str, *, total: int) -> Iterator[None]:
        """One act of the story, with its own progress line."""
        self.console.print(Text(f"\n{title}", style="bold"))
        with self._progress:
            self._task = self._progress.add_task(title, total=total)
            yield
            self._progress.remove_task(self._task)
            self._task = None

    def step(self) -> None:
        """One more day is done."""
        if self._task is not None:
            self._progress.advance(self._task)

    def say(self, when: date, text: str) -> None:
        """What a person or the world does."""
        self._line(when, Text(text, style="bold magenta"))

    def watch(self, when: date, done: Sequence[Reconciled]) -> None:
        """What followed: episodes, releases and outcomes, in the order in which they were written."""
        for reconciled in done:
            for plan in reconciled.plans:
                self._reactions |= {r.id: r for r in plan.reactions}
                for episode in plan.episodes:
                    self._episode(when, episode)
                for release in plan.releases:
                    self._release(when, release)
            for outcome in reconciled.outcomes:
                self._outcome(when, outcome)
            for reason in reconciled.refused:
                self._line(when, Text(f"  not written: {reason}", style="dim"))

    def _episode(self, when: date, episode: Episode) -> None:
        if episode.revision == 0:
            self._line(when, Text(f"  episode opens: {episode.key} {episode.status}", style="red"))
        elif not episode.open:
            self._line(when, Text(f"  episode ends: {episode.key}: {episode.closing}", style="green"))

    def _release(self, when: date, release: Release) -> None:
        style = {ReleaseState.PROMOTED: "green", ReleaseState.REFUSED: "red"}.get(release.state, "yellow")
        why = release.reasons[0] if release.reasons else ""
        self._line(when, Text(f"  {release.model} {release.version} {release.state}: {why}", style=style))

    def _outcome(self, when: date, outcome: Outcome) -> None:
        reaction = self._reactions.get(outcome.reaction)
        if reaction is None or outcome.state in QUIET or (reaction.kind is ReactionKind.ALERT and not outcome.final):
            return
        told = f"  {reaction.kind} {reaction.target} → {outcome}"
        self._line(when, Text(told, style=STYLES.get(outcome.state, "")))

    def _line(self, when: date, text: Text) -> None:
        at = number(when)
        place = f"day {at:>2}" if at > 0 else "history"
        self.console.print(
            Text(f"{place:<8}{when}  ", style="dim") + text, soft_wrap=False, overflow="ellipsis", no_wrap=True
        )
