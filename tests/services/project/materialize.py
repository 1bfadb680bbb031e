"""Owns a run that the daemon knows nothing of: ``materialize.py ASSET …`` in the project's folder; nobody reacts."""

import sys

from qoa_platform.orchestration.inline import InlineRuns
from qoa_platform.orchestration.lanes import project_instance, project_ports
from qoa_platform.workspace import open_workspace

if __name__ == "__main__":
    workspace = open_workspace()
    with project_instance(workspace) as instance:
        runs = project_ports(workspace, inline=True, instance=instance).runs
        assert isinstance(runs, InlineRuns)
        runs.execute(sys.argv[1:])
    workspace.ledger.close()
