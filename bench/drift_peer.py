"""Owns the sides of the drift benchmark: a million new rows against a million old ones, 10 numeric and 4 categorical.

We, and the floor, read the new side alone: edges and counts of the old one are frozen before the clock starts, as they
are in use. Peers keep the old rows and read both sides, for they freeze nothing (NannyML is fitted before).
"""

import sys
from datetime import UTC, datetime
from typing import Any

from bench.timing import Call, tell

NUMBERS = tuple(f"x{i}" for i in range(10))
TEXTS = tuple(f"c{i}" for i in range(4))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def frozen(path: str) -> Any:
    """The profile of the reference."""
    import polars as pl

    from qoa_platform.profiles import Wanted, freeze
    from qoa_platform.records import Window

    wanted = [Wanted(name, dictionary=name in TEXTS) for name in (*NUMBERS, *TEXTS)]
    return freeze(
        pl.read_parquet(path), wanted, name="reference", subject="bench", source=("bench",), at=NOW, wall=NOW,
        window=Window(start=NOW, end=datetime(2026, 1, 2, tzinfo=UTC)),
    )  # fmt: skip


def ours(reference: str, current: str) -> Call:
    """PSI, JS, Hellinger, TVD and L∞ of all 14 columns, off one scan of the new rows."""
    import polars as pl

    from qoa_platform.metrics.drift_bins import Hellinger, JensenShannon, LargestShift, Psi, TotalVariation
    from qoa_platform.scans import measure

    profile, frame = frozen(reference), pl.read_parquet(current).rechunk()
    kinds: tuple[Any, ...] = (Psi, JensenShannon, Hellinger, TotalVariation, LargestShift)
    wanted = [(kind(columns=(name,)), profile) for name in (*NUMBERS, *TEXTS) for kind in kinds]

    def run() -> object:
        found = measure(frame, wanted, missing={})
        assert all(item.reading.value is not None for item in found.measured)
        return found

    return run


def floor(reference: str, current: str) -> Call:
    """The floor: 90 × ``(x <= edge).sum()`` in one select and four counts, on stored edges; no distance is computed."""
    import polars as pl

    profile, frame = frozen(reference), pl.read_parquet(current).rechunk()
    edges = {name: profile.column(name).bins10.edges for name in NUMBERS}
    rows = frame.lazy()
    below = [(pl.col(name) <= edge).sum().alias(f"{name} {edge}") for name in NUMBERS for edge in edges[name]]
    queries = [rows.select(below), *(rows.group_by(name).len() for name in TEXTS)]
    return lambda: pl.collect_all(queries)


def ks(reference: str, current: str) -> Call:
    """SciPy: the exact KS distance of one numeric column."""
    import polars as pl
    from scipy.stats import ks_2samp

    old, new = (pl.read_parquet(path, columns=["x1"]).get_column("x1").to_numpy() for path in (reference, current))
    return lambda: ks_2samp(old, new, method="asymp")


def frouros(reference: str, current: str) -> Call:
    """frouros: PSI of the 10 numeric columns."""
    import pyarrow.parquet as pq
    from frouros.detectors.data_drift import PSI

    old, new = (pq.read_table(path, columns=list(NUMBERS)) for path in (reference, current))
    pairs = [(old.column(name).to_numpy(), new.column(name).to_numpy()) for name in NUMBERS]

    def run() -> object:
        found = []
        for before, after in pairs:
            detector = PSI()
            detector.fit(X=before)
            found.append(detector.compare(X=after)[0].distance)
        return found

    return run


def evidently(reference: str, current: str) -> Call:
    """evidently: the drift preset with PSI."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=list(NUMBERS), categorical_columns=list(TEXTS))
    old, new = (Dataset.from_pandas(pd.read_parquet(path), data_definition=definition) for path in (reference, current))
    return lambda: Report([DataDriftPreset(method="psi")]).run(new, old)


def nannyml(reference: str, current: str) -> Call:
    """NannyML: KS of the numeric and JS of the categorical columns, fitted before, in one chunk."""
    import nannyml as nml
    import pandas as pd

    old, new = (pd.read_parquet(path) for path in (reference, current))
    found = nml.UnivariateDriftCalculator(
        column_names=[*NUMBERS, *TEXTS], treat_as_categorical=list(TEXTS), chunk_number=1,
        continuous_methods=["kolmogorov_smirnov"], categorical_methods=["jensen_shannon"],
    ).fit(old)  # fmt: skip
    return lambda: found.calculate(new)


ENGINES = {"qoa": ours, "polars": floor, "scipy-ks": ks, "frouros": frouros, "evidently": evidently, "nannyml": nannyml}
PACKAGES = {"qoa": "qoa-platform", "scipy-ks": "scipy"}

if __name__ == "__main__":
    sys.exit(tell(ENGINES, PACKAGES))
