"""Speed, as ratios measured side by side in one run: `python scripts/benchmark.py training`."""

from argparse import ArgumentParser

from nnbench.benchmark import training


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    training.add_arguments(commands.add_parser("training", help="the training loop against the textbook's"))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
