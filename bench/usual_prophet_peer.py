"""Owns Prophet's side of the benchmark of learnt bands: a day ahead, again and again; prints JSON.

``python -m bench.usual_prophet_peer SERIES SEASON LEVEL...`` reads Parquet (``series, at, value``, no gaps; *at* counts
hours). Every day is forecast from 21 days, with the seasons that Prophet chooses. A value outside of the central
interval of 2,000 drawn values is a flag, at each of the levels (per cent).
"""

import json
import logging
import sys
import time

DRAWN = 2_000


def main(path: str, season: str, *levels: str) -> None:
    """Forecast and print, per level and series, the positions of the flags; and the seconds it took."""
    logging.disable(logging.CRITICAL)
    import numpy as np
    import pandas as pd
    from prophet import Prophet

    day = int(season)
    flags: dict[str, dict[str, list[int]]] = {level: {} for level in levels}
    began = time.perf_counter()
    for name, part in pd.read_parquet(path).groupby("series"):
        table = pd.DataFrame(
            {"ds": pd.Timestamp("2020-01-06") + pd.to_timedelta(part["at"], unit="h"), "y": part["value"]}
        ).reset_index(drop=True)
        for at in range(21 * day, len(table) - day + 1, day):
            model = Prophet(uncertainty_samples=DRAWN)
            model.fit(table.iloc[at - 21 * day : at], seed=1)
            drawn = model.predictive_samples(table.iloc[at : at + day][["ds"]])["yhat"]
            value = table["y"].to_numpy()[at : at + day]
            for level in levels:
                beyond = (1 - float(level) / 100) / 2
                low, high = np.quantile(drawn, [beyond, 1 - beyond], axis=1)
                flags[level].setdefault(str(name), []).extend(
                    int(at + i) for i in np.flatnonzero((value < low) | (value > high))
                )
    print(json.dumps({"flags": flags, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:])
