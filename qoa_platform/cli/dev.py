"""Owns ``qoa dev``: Dagster's UI and daemon for one project, with a warning, on this machine only."""

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

HOST = "127.0.0.1"
WARNING = (
    "WARNING  Dagster's webserver has no authentication: whoever reaches it can start runs, and so can a web page "
    f"in a browser on this machine. It is bound to {HOST} only. Do not forward its port."
)


@leaf(example=["qoa dev", "qoa dev --port 3001"], exits=(Exit.PROJECT, Exit.STATE))
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help=f"On {HOST}.")
def dev(*, port: int, as_json: bool) -> None:
    """Dagster's UI and daemon for this project, on this machine only.

    DAGSTER_HOME is `.dagster` beside workspace.yaml (made with our settings when it has none), so history stays. With
    --json what is run is printed first. The process becomes Dagster: end it with Ctrl-C.
    """
    import os
    import sys

    from qoa_platform.cli.dagster_home import dagster_environment, make_dagster_home
    from qoa_platform.cli.output import emit
    from qoa_platform.ledger.home import MARKER, find_home

    home = find_home()
    if _taken(port):
        raise Complaint(Exit.STATE, f"{HOST}:{port} is in use. Say another one with --port")
    make_dagster_home(home)
    environment = dagster_environment(home, os.environ)
    command = [sys.executable, "-m", "dagster", "dev", "-w", MARKER, "-h", HOST, "-p", str(port)]
    click.echo(WARNING, err=True)
    if as_json:
        told = {k: environment[k] for k in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", "QOA_HOME")}
        emit({"url": f"http://{HOST}:{port}", "command": command, "folder": home.root.as_posix(), "environment": told})
    else:
        click.echo(
            f"{home.root.name}: http://{HOST}:{port}  (Ctrl-C ends it; history stays in {home.dagster})", err=True
        )
    sys.stdout.flush()
    os.chdir(home.root)
    os.execve(sys.executable, command, environment)  # noqa: S606 (our own interpreter, a fixed command)


def _taken(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
