"""Owns statsforecast's side of the benchmark of learnt bands: a day ahead, again and again, by MSTL; prints JSON.

``python -m bench.usual_peer SERIES SEASON LEVEL...`` reads Parquet (``series, at, value``, no gaps). A value outside
the interval that was forecast for it is a flag, at each of the levels (per cent); every day is forecast from 21 days.
"""

import json
import sys
import time


def main(path: str, season: str, *levels: str) -> None:
    """Forecast and print, per level and series, the positions of the flags; and the seconds it took."""
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import MSTL

    day = int(season)
    flags: dict[str, dict[str, list[int]]] = {level: {} for level in levels}
    frame = pd.read_parquet(path).rename(columns={"series": "unique_id", "at": "ds", "value": "y"})
    began = time.perf_counter()
    for name, part in frame.groupby("unique_id"):
        engine = StatsForecast(models=[MSTL(season_length=day)], freq=1, n_jobs=1)
        windows = (len(part) - 21 * day) // day
        found = engine.cross_validation(
            df=part,
            h=day,
            step_size=day,
            n_windows=windows,
            input_size=21 * day,
            level=[float(level) for level in levels],
        )
        for level in levels:
            low, high = found[f"MSTL-lo-{float(level)}"], found[f"MSTL-hi-{float(level)}"]
            flags[level][str(name)] = [int(at) for at in found["ds"][(found["y"] < low) | (found["y"] > high)]]
    print(json.dumps({"flags": flags, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:])
