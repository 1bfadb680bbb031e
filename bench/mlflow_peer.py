"""Owns the peer's side of the ledger's benchmark: MLflow's ``create_run`` + ``log_batch``, in its own environment.

It knows nothing of ours. Prints the version and the seconds of each of the runs, as JSON.
"""

import json
import sys
import time
from pathlib import Path

METRICS = 14


def main(folder: str, rounds: str) -> None:
    """Log *rounds* runs, each with what a trial of ours holds: metrics, parameters and tags in one ``log_batch``."""
    import mlflow
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    client = MlflowClient(tracking_uri=f"sqlite:///{Path(folder) / 'mlflow.db'}")
    experiment = client.create_experiment("daily", artifact_location=Path(folder).as_uri())
    times: list[float] = []
    processor: list[float] = []
    for number in range(int(rounds) + 3):
        now = int(time.time() * 1000)
        metrics = [Metric(f"metric_{i}", 0.99, now, 0) for i in range(METRICS)]
        parameters = [Param(f"parameter_{i}", "value") for i in range(6)]
        tags = [RunTag(name, f"{name}-{number}") for name in ("asset", "partition", "code", "environment", "output")]
        begin, used = time.perf_counter(), time.process_time()
        run = client.create_run(experiment)
        client.log_batch(run.info.run_id, metrics=metrics, params=parameters, tags=tags)
        times.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    print(json.dumps({"version": mlflow.__version__, "seconds": times[3:], "processor": processor[3:]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
