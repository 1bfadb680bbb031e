"""Owns quiet: Dagster's warnings about previews and betas that we chose knowingly."""

from collections.abc import Iterator
from contextlib import contextmanager
from warnings import catch_warnings, simplefilter

import dagster as dg


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings about partitioned checks (preview), single-run backfills and code references (beta)."""
    with catch_warnings():
        simplefilter("ignore", dg.PreviewWarning)
        simplefilter("ignore", dg.BetaWarning)
        yield
