"""Speed, as ratios measured side by side in one run: `python scripts/benchmark.py training`."""

import sys
from argparse import ArgumentParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package `scripts` is in no wheel

from scripts.benchmarks import batches, growth, launchers, scale, steps, sweep, training


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    training.add_arguments(commands.add_parser("training", help="the training loop against the textbook's"))
    batches.add_arguments(commands.add_parser("batches", help="the training loop on mini-batches against PyTorch and JAX"))
    sweep.add_sweep_arguments(commands.add_parser("sweep", help="what many short runs cost beyond their training"))
    sweep.add_study_arguments(commands.add_parser("study", help="a whole study against the textbook's loop"))
    growth.add_arguments(commands.add_parser("growth", help="an epoch against points, width, depth and batch size"))
    steps.add_arguments(commands.add_parser("steps", help="a step of each optimizer, beside the gradient"))
    launchers.add_arguments(commands.add_parser("launchers", help="many short runs on a Dask cluster and on the local pool"))
    scale.add_arguments(commands.add_parser("scale", help="the store and the report at thousands of runs"))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
