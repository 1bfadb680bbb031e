"""Owns the peer of the drift year: evidently's default of every day against the reference, as it is and dearer."""

import json
import sys
import time
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Print how many columns and days it calls drifted, as JSON."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    reference, days, rise = pd.read_parquet(arguments[2]), pd.read_parquet(arguments[3]), float(arguments[4])
    columns = list(reference.columns)
    definition = DataDefinition(numerical_columns=columns)
    old = Dataset.from_pandas(reference, data_definition=definition)
    started, found, risen = time.perf_counter(), dict.fromkeys(columns, 0), 0
    groups = [part.drop(columns="day") for _, part in days.groupby("day")]

    def drifted(frame: "pd.DataFrame", column: str) -> bool:
        new = Dataset.from_pandas(frame, data_definition=definition)
        told = Report([ValueDrift(column=column)]).run(new, old).dict()["metrics"][0]
        return float(told["value"]) >= 0.1

    for frame in groups:
        for column in columns:
            found[column] += drifted(frame, column)
        risen += drifted(frame.assign(sales_value=frame["sales_value"] * rise), "sales_value")
    said = ", ".join(f"{c} {k}" for c, k in found.items())
    note = f"of {len(groups)} quiet days it calls drifted: {said}; sales_value with them risen: {risen}"
    print(json.dumps({"seconds": [time.perf_counter() - started], "note": note}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
