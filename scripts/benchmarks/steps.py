"""Time of a step of each optimizer, as a share of the time of the gradient that it uses."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.core.registry import known
from nnbench.datasets.spiral import Spiral
from nnbench.nn import LOSSES, Network
from nnbench.optimizers import find
from nnbench.training.stepper import Stepper

NETWORKS = ([64], [128, 128])
OPTIONS: dict[str, dict[str, Any]] = {"muon": {"matrices": "all"}}  # the default network has no hidden matrix
ON_RANDOM_GRADIENTS = 0.0001  # learning rate: small, so that the parameters stay finite


@dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Processor time in microseconds, medians.

    Attributes:
        gradient: of a forward pass, the loss and a backward pass on 300 points.
        steps: of a step, by optimizer.
    """

    gradient: float
    steps: dict[str, float]


def measure(hidden: list[int], dtype: str, *, steps: int = 1000, rounds: int = 5) -> StepTimes:
    """Time the gradient and a step of each optimizer on one thread; gradients of the steps are fixed random numbers."""
    rng = np.random.default_rng(0)
    network = Network(2, hidden, 3, batch=300, dtype=dtype)
    network.initialize(rng)
    points = Spiral().draw(rng, 100)
    network.points[:] = points.x.T
    loss = LOSSES["cross_entropy"](network.outputs, network.output_gradients, points.y, 1)

    def gradient(k: int) -> None:
        network.forward()
        loss.write_gradient(0)
        network.backward()

    layers = list(zip(network.weights, network.weight_gradients, strict=True))
    noise = 0.01 * rng.standard_normal(network.gradients.shape).astype(dtype)
    start, times = network.parameters.copy(), {}
    with threadpool_limits(1), np.errstate(all="ignore"):
        cost = _time(gradient, steps, rounds)
        for name in known("nnbench.optimizers"):
            kind = find(name)
            network.parameters[:] = start
            rates = {"learning_rate": ON_RANDOM_GRADIENTS} if name != "lbfgs" else {}
            stepper = Stepper(kind(**{**rates, **OPTIONS.get(name, {})}), network.parameters, network.gradients, layers)

            def step(k: int, make: Callable[[int], None] = stepper.step) -> None:
                network.gradients[:] = noise  # a rule may use them as scratch space
                make(k)

            times[name] = _time(step, steps, rounds)
        copying = _time(lambda k: np.copyto(network.gradients, noise), steps, rounds)
    return StepTimes(gradient=cost, steps={name: time - copying for name, time in times.items()})


def _time(work: Callable[[int], object], steps: int, rounds: int) -> float:
    """Return the microseconds of one call, the median over rounds; k goes on from round to round."""
    times = []
    for turn in range(rounds + 1):
        begun = process_time()
        for k in range(turn * steps, (turn + 1) * steps):
            work(k)
        times.append((process_time() - begun) / steps)
    return 1e6 * median(times[1:])


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command `steps`."""
    parser.add_argument("--steps", type=int, default=1000, help="steps of a round")
    parser.add_argument("--dtypes", nargs="+", choices=["float32", "float64"], default=["float32", "float64"])
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print a Markdown table: µs a step of each optimizer, and its share of the time of a gradient on 300 points."""
    cases = [(hidden, dtype) for hidden in NETWORKS for dtype in arguments.dtypes]
    results = [measure(hidden, dtype, steps=arguments.steps) for hidden, dtype in cases]
    titles = [f"{'-'.join(map(str, [2, *hidden, 3]))} {dtype}" for hidden, dtype in cases]
    print(f"| µs a step | {' | '.join(titles)} |")
    print(f"|---|{'---:|' * len(cases)}")
    print(f"| gradient | {' | '.join(f'{result.gradient:.1f}' for result in results)} |")
    for name in sorted(results[0].steps, key=lambda one: results[0].steps[one]):
        cells = [f"{result.steps[name]:.1f} ({result.steps[name] / result.gradient:.0%})" for result in results]
        print(f"| {name} | {' | '.join(cells)} |")
