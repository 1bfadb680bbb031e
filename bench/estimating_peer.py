"""Owns NannyML's side of the benchmark of estimates: reads frames, prints its estimates as JSON.

``classification REFERENCE CURRENT CHUNK``, ``regression REFERENCE CURRENT CHUNK FEATURES``; ``car FOLDER`` writes its
synthetic car-loan data there.
"""

import json
import sys
from pathlib import Path

CLASSES: tuple[str, ...] = ("accuracy", "f1", "roc_auc")
NUMBERS: tuple[str, ...] = ("mae", "rmse")


def main(task: str, *arguments: str) -> None:
    """Estimate and print."""
    import nannyml
    import pandas as pd

    if task == "car":
        reference, current, truth = nannyml.load_synthetic_car_loan_dataset()
        reference.to_parquet(Path(arguments[0]) / "reference.parquet")
        current.merge(truth, left_index=True, right_index=True).to_parquet(Path(arguments[0]) / "current.parquet")
        print("{}")
        return
    reference, current = (pd.read_parquet(path) for path in arguments[:2])
    if task == "classification":
        estimator = nannyml.CBPE(
            y_pred_proba="score", y_pred="predicted", y_true="actual", metrics=list(CLASSES),
            problem_type="classification_binary", chunk_size=int(arguments[2]),
        )  # fmt: skip
        names = CLASSES
    else:
        estimator = nannyml.DLE(
            feature_column_names=arguments[3].split(","), y_pred="predicted", y_true="actual", metrics=list(NUMBERS),
            chunk_size=int(arguments[2]),
        )  # fmt: skip
        names = NUMBERS
    estimator.fit(reference)
    found = estimator.estimate(current.drop(columns="actual")).filter(period="analysis").to_df()
    print(json.dumps({name: [float(v) for v in found[name]["value"]] for name in names}))


if __name__ == "__main__":
    main(*sys.argv[1:])
