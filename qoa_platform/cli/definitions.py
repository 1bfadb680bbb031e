"""Owns the defined graph: the project's assets as its definitions say them. This is where Dagster is imported."""

import sys
from contextlib import redirect_stdout

from qoa_platform.ledger.home import Home
from qoa_platform.records import Graph


def defined_graph(home: Home) -> Graph:
    """The asset graph of the project's definitions, which are imported for it (seconds).

    What they print while being imported goes to stderr: stdout belongs to the command. Raises DefinitionsError when
    they do not load.
    """
    from qoa_platform.orchestration.graph import graph_of
    from qoa_platform.orchestration.loading import load_project

    with redirect_stdout(sys.stderr):
        return graph_of(load_project(home).repository)
