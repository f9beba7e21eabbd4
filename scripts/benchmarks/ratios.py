"""Options and table of the commands that time two loops side by side."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Iterable
from statistics import median
from typing import Any

Compare = Callable[[str, str], tuple[Any, Any]]


def add_arguments(
    parser: ArgumentParser, rivals: Collection[str], optimizers: Collection[str], *, rounds: int, epochs: int
) -> None:
    """Add the options of such a command.

    Args:
        parser: of the command.
        rivals: names of the other loops; the first is the default.
        optimizers: names of those that are timed by default.
        rounds, epochs: defaults.
    """
    known = list(rivals)
    parser.add_argument("--vs", choices=known, default=known[0], help="the loop to compare with")
    parser.add_argument("--optimizers", nargs="+", choices=list(optimizers), default=list(optimizers))
    parser.add_argument("--dtypes", nargs="+", choices=["float32", "float64"], default=["float32", "float64"])
    parser.add_argument("--rounds", type=int, default=rounds, help="pairs of runs, one after the other")
    parser.add_argument("--epochs", type=int, default=epochs, help="epochs a run")


def print_table(title: str, arguments: Namespace, optimizers: Iterable[str], compare: Compare) -> None:
    """Print for each dtype and optimizer the median times on both sides, and the median of the ratios of the rounds.

    Args:
        title: first line; names the work and the unit of the times.
        arguments: `vs` and `dtypes`.
        optimizers: names.
        compare: returns the times of the other loop and of `train` for an optimizer and a dtype, shape (rounds,) each.
    """
    print(title)
    print(f"{'dtype':8} {'optimizer':10} {arguments.vs:>8} {'nnbench':>8} {'ratio':>6}  lowest-highest")
    names = list(optimizers)
    for dtype in arguments.dtypes:
        for name in names:
            theirs, ours = compare(name, dtype)
            ratios = sorted(theirs / ours)
            print(
                f"{dtype:8} {name:10} {median(theirs):8.1f} {median(ours):8.1f} {median(ratios):6.2f}"
                f"  {ratios[0]:.2f}-{ratios[-1]:.2f}",
                flush=True,
            )
