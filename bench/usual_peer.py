"""Owns statsforecast's side of the benchmark of learnt bands: a day ahead, again and again, by MSTL; prints JSON.

``python -m bench.usual_peer SERIES SEASON LEVEL`` reads Parquet (``series, at, value``, no gaps). A value outside the
interval that was forecast for it is a flag; every day is forecast from 21 days.
"""

import json
import sys
import time


def main(path: str, season: str, level: str) -> None:
    """Forecast and print, per series, the positions of the flags; and the seconds it took."""
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import MSTL

    day, width = int(season), float(level)
    flags: dict[str, list[int]] = {}
    frame = pd.read_parquet(path).rename(columns={"series": "unique_id", "at": "ds", "value": "y"})
    began = time.perf_counter()
    for name, part in frame.groupby("unique_id"):
        engine = StatsForecast(models=[MSTL(season_length=day)], freq=1, n_jobs=1)
        windows = (len(part) - 21 * day) // day
        found = engine.cross_validation(
            df=part, h=day, step_size=day, n_windows=windows, input_size=21 * day, level=[width]
        )
        out = found[(found["y"] < found[f"MSTL-lo-{width}"]) | (found["y"] > found[f"MSTL-hi-{width}"])]
        flags[str(name)] = [int(at) for at in out["ds"]]
    print(json.dumps({"flags": flags, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:])
