"""The publisher's Lambda function, compared with a newcomer's (docs/explanation/performance.md).

    python -m benchmarks.publisher [--runs 5]

Both in fresh interpreters against the same local DynamoDB and AppSync over TLS. CPU time, ratios, goals.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.lambda_environment import lambda_environment
from benchmarks.measure import Goal, Server, Spread, ask, paired, python, ratios

OURS = "lambdas.status_publisher.handler"
NEWCOMER = "benchmarks.peers.newcomer_publisher"
STATUSES_PER_RUN = 50
BATCHES = (1, 10, 25)
WARM_GOALS = {1: 0.12, 25: 0.02}
INIT_GOAL = 0.4

Results = dict[str, list[dict[str, float]]]


def report(runs: int) -> None:
    """Measure and print."""
    goals = []
    with tempfile.TemporaryDirectory() as folder, Server(python("benchmarks.fake_aws", folder)) as aws:
        environment = lambda_environment(aws.port, Path(folder))
        for batch in BATCHES:
            invocations = str(max(2, STATUSES_PER_RUN // batch))
            probes = {
                module: python("benchmarks.publisher_probe", module, str(batch), invocations)
                for module in (OURS, NEWCOMER)
            }
            results = paired(
                runs, {m: partial(ask, probe, environment=environment) for m, probe in probes.items()}
            )
            goals += _compared(batch, results)
    print("", *goals, sep="\n")


def _compared(batch: int, results: Results) -> list[Goal]:
    """Print the measures at this batch size. Returns its goals."""
    for module, runs in results.items():
        for what in ("import_ms", "init_ms", "warm_ms"):
            print(f"batch {batch:>2}  {module:<40} {what:<10} {Spread.of([run[what] for run in runs])}")
    goals = []
    if batch == BATCHES[0]:
        goals.append(
            Goal(what="init CPU, ours / newcomer's", values=_ratios(results, "init_ms"), at_most=INIT_GOAL)
        )
    warm = _ratios(results, "warm_ms")
    print(f"batch {batch:>2}  warm CPU per status, ours / newcomer's: {Spread.of(warm)}")
    if batch in WARM_GOALS:
        what = f"warm CPU per status at batch {batch}, ours / newcomer's"
        goals.append(Goal(what=what, values=warm, at_most=WARM_GOALS[batch]))
    return goals


def _ratios(results: Results, what: str) -> list[float]:
    ours, theirs = ([run[what] for run in results[module]] for module in (OURS, NEWCOMER))
    return ratios(ours, theirs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    report(parser.parse_args().runs)
