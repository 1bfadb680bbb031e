"""Owns ``qoa``: the table of its commands, and how an error of any of them reaches the person and the shell."""

import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from qoa_platform.cli.exits import MEANINGS, Exit, exit_of
from qoa_platform.cli.lazy import Entry, LazyGroup
from qoa_platform.cli.leaf import TRACEBACK, traceback_option

HERE: Final = "qoa_platform.cli"
LOOK, JUDGE, ACT, PERSON, HOUSE = "Look", "Promise and policy", "Act", "A person's ways", "Project"


def _entry(section: str, module: str, attribute: str, summary: str) -> Entry:
    return Entry(module=f"{HERE}.{module}", attribute=attribute, summary=summary, section=section)


COMMANDS: Final[Mapping[str, Entry]] = {
    "status": _entry(LOOK, "status", "status", "How things stand: promises, episodes, champions, presets, holds."),
    "incidents": _entry(LOOK, "incidents", "incidents", "Every incident in one line each."),
    "incident": _entry(LOOK, "incidents", "incident", "One incident: what, when, where, how and who."),
    "why": _entry(LOOK, "why", "why", "What something came from, and what was built on it."),
    "explain": _entry(LOOK, "promised", "explain", "Why a promise was judged so, and what would change it."),
    "measure": _entry(LOOK, "measuring", "measure", "Metrics over any range of published days; no row is read."),
    "models": _entry(LOOK, "models", "models", "Model versions, their releases, and who was champion when."),
    "metrics": _entry(LOOK, "metrics", "metrics", "The metrics of the platform, and the catalogue of those measured."),
    "report": _entry(LOOK, "report", "report", "Write what data looks like, or how it changed, as an HTML file."),
    "contract": _entry(JUDGE, "contract", "contract", "Suggest, check, explain, compare and freeze contracts."),
    "flags": _entry(JUDGE, "flags", "flags", "The cells that a contract's row-level promises point at."),
    "budget": _entry(JUDGE, "budget", "budget", "False alarms: how many a contract allows, and what was spent."),
    "policy": _entry(JUDGE, "policy", "policy", "What the policy does now, and would have done."),
    "react": _entry(ACT, "react", "react", "The reactor lane: apply at once whatever needs no run."),
    "alerts": _entry(ACT, "alerts", "alerts", "Deliver the alerts that wait in the outbox."),
    "inject": _entry(ACT, "inject", "inject", "Plant a fault on purpose, list the kinds, withdraw one."),
    "accept": _entry(PERSON, "accept", "accept", "Publish a partition that was held back, as it is."),
    "quarantine": _entry(PERSON, "quarantine", "quarantine", "Show, release or drop what was marked as bad."),
    "promote": _entry(PERSON, "releasing", "promote", "Make a version champion against the release policy."),
    "rollback": _entry(PERSON, "releasing", "rollback", "Go back to the last good version of a model."),
    "hold": _entry(PERSON, "holds", "hold", "Stop an asset or a model, with a reason."),
    "release-hold": _entry(PERSON, "holds", "release_hold", "Let a held asset or model go on."),
    "dev": _entry(HOUSE, "dev", "dev", "Dagster's UI and daemon for this project, on this machine only."),
    "init": _entry(HOUSE, "init", "init", "Write a new project that runs."),
    "ledger": _entry(HOUSE, "ledger", "ledger", "Verify that the ledger is what was written."),
}


class Root(LazyGroup):
    """``qoa`` itself: turns every error into one line on stderr and an exit code."""

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, complete_var: str | None = None,
        standalone_mode: bool = True, **extra: Any,  # noqa: FBT001, FBT002 (click's signature)
    ) -> Any:  # fmt: skip
        """Run a command line. Standalone (the default) it ends the process with the command's exit code."""
        name = prog_name or "qoa"
        if not standalone_mode:
            return super().main(args, name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, name, complete_var, standalone_mode=False, **extra)
        except click.UsageError as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # click 8.2 and later; before, it only printed the help
                error.show()
                sys.exit(Exit.USAGE)
            command = error.ctx.command_path if error.ctx else "qoa"
            click.echo(f"{command}  {error.format_message()}\nSee: {command} --help", err=True)
            code = Exit.USAGE
        except click.ClickException as error:
            click.echo(f"qoa  {error.format_message()}", err=True)
            code = error.exit_code
        except click.Abort:
            click.echo("interrupted", err=True)
            code = Exit.INTERRUPTED
        sys.exit(int(code) if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that is not click's own is said in its own words, with its exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            code = exit_of(error)
            _complain(ctx, error, code)
            raise click.exceptions.Exit(int(code)) from error

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """The first steps, and the exit codes."""
        with formatter.section("Example"):
            for line in (
                "qoa init shop && cd shop",
                "qoa contract check",
                "qoa status --json",
                "qoa why retail/forecast",
            ):
                formatter.write_text(f"$ {line}")
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in MEANINGS.items()])


def _complain(ctx: click.Context, error: Exception, code: Exit) -> None:
    if ctx.meta.get(TRACEBACK):
        click.echo("".join(traceback.format_exception(error)).rstrip(), err=True)
        return
    text = str(error) or type(error).__name__
    if code is Exit.BUG:
        text = f"qoa  this should not have happened: {type(error).__name__}: {text}. See where: --traceback"
    click.echo("\n".join(_line(line) for line in text.splitlines()), err=True)


def _line(text: str) -> str:
    from qoa_platform.records import printable

    return printable(text)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 (click's signature)
    if value and not ctx.resilient_parsing:
        import qoa_platform

        click.echo(f"qoa {qoa_platform.__version__}")
        ctx.exit()


main: Final = Root(
    name="qoa",
    entries=COMMANDS,
    help=(
        "Quality of analytics: contracts say what good is; every observation is judged against them and acted upon "
        "exactly once; the ledger remembers all of it."
    ),
    params=[
        click.Option(
            ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version,
            help="Show the version and end.",
        ),
        traceback_option(),
    ],
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)  # fmt: skip
"""The entry point ``qoa``."""
