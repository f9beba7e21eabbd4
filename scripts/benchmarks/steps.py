"""Time of a step of each optimizer: as a share of that of the gradient, and beside a transcript of its paper."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.core.arrays import FloatArray
from nnbench.core.registry import known
from nnbench.datasets.spiral import Spiral
from nnbench.nn import LOSSES, Network
from nnbench.optimizers import Optimizer, find
from nnbench.optimizers.base import Layers
from nnbench.training.stepper import Stepper
from tests.optimizers.transcripts import TRANSCRIPTS, transcript

NETWORKS = ([64], [128, 128])
OPTIONS: dict[str, dict[str, Any]] = {"muon": {"matrices": "all"}}  # the default network has no hidden matrix
ON_RANDOM_GRADIENTS = 0.0001  # learning rate: small, so that the parameters stay finite


@dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Processor time in microseconds, the least of several rounds, which other processes disturb least.

    Attributes:
        gradient: of a forward pass, the loss and a backward pass on 300 points.
        steps: of a step, by optimizer.
        transcripts: of a step of the transcript in `tests/optimizers/transcripts`, by optimizer that has one; rounds of both
            alternate.
    """

    gradient: float
    steps: dict[str, float]
    transcripts: dict[str, float]


def measure(hidden: list[int], dtype: str, *, steps: int = 200, rounds: int = 15) -> StepTimes:
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
    start = network.parameters.copy()
    ours: dict[str, float] = {}
    papers: dict[str, float] = {}
    with threadpool_limits(1), np.errstate(all="ignore"):
        (cost,) = _time([gradient], steps, rounds)
        for name in known("nnbench.optimizers"):
            rates = {"learning_rate": ON_RANDOM_GRADIENTS} if name != "lbfgs" else {}
            optimizer = find(name)(**{**rates, **OPTIONS.get(name, {})})
            network.parameters[:], network.gradients[:] = start, noise
            paper = _transcript_step(name, optimizer, network.parameters, network.gradients, layers)
            stepper = Stepper(optimizer, network.parameters, network.gradients, layers)

            def step(k: int, make: Callable[[int], None] = stepper.step) -> None:
                network.gradients[:] = noise  # a rule may use them as scratch space
                make(k)

            if paper is None:
                (ours[name],) = _time([step], steps, rounds)
            else:
                ours[name], papers[name] = _time([step, paper], steps, rounds)
        (copying,) = _time([lambda k: np.copyto(network.gradients, noise)], steps, rounds)
    return StepTimes(gradient=cost, steps={name: time - copying for name, time in ours.items()}, transcripts=papers)


def _transcript_step(
    name: str, optimizer: Optimizer, parameters: FloatArray, gradients: FloatArray, layers: Layers
) -> Callable[[int], object] | None:
    """Return a function that makes a step of a transcript, with AdamW's on the biases of matrix rules; None without one."""
    if name not in TRANSCRIPTS:
        return None

    def start(rule: str, one: Optimizer, values: FloatArray, slopes: FloatArray) -> Iterator[FloatArray]:
        fixed = slopes.copy()
        return transcript(rule, one, values.copy(), lambda w, t: fixed)

    rest = optimizer.rest()
    if rest is None:
        runs = [start(name, optimizer, parameters, gradients)]
    else:
        runs = [start(name, optimizer, values[:-1], slopes[:-1]) for values, slopes in layers]
        biases, bias_slopes = (np.concatenate([pair[at][-1] for pair in layers]) for at in (0, 1))
        runs.append(start("adamw", rest, biases, bias_slopes))
    return lambda k: [next(run) for run in runs]


def _time(works: list[Callable[[int], object]], steps: int, rounds: int) -> list[float]:
    """Return the microseconds of one call of each, the least of the rounds, which alternate; k goes on from round to round."""
    times: list[list[float]] = [[] for _ in works]
    for turn in range(rounds + 1):
        for work, found in zip(works, times, strict=True):
            begun = process_time()
            for k in range(turn * steps, (turn + 1) * steps):
                work(k)
            found.append((process_time() - begun) / steps)
    return [1e6 * min(found[1:]) for found in times]


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command `steps`."""
    parser.add_argument("--steps", type=int, default=200, help="steps of a round")
    parser.add_argument("--dtypes", nargs="+", choices=["float32", "float64"], default=["float32", "float64"])
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print two Markdown tables: µs a step with its share of a gradient on 300 points, and the ratios to the transcripts."""
    cases = [(hidden, dtype) for hidden in NETWORKS for dtype in arguments.dtypes]
    results = [measure(hidden, dtype, steps=arguments.steps) for hidden, dtype in cases]
    titles = [f"{'-'.join(map(str, [2, *hidden, 3]))} {dtype}" for hidden, dtype in cases]
    names = sorted(results[0].steps, key=lambda one: results[0].steps[one])
    times = {
        name: [f"{result.steps[name]:.1f} ({result.steps[name] / result.gradient:.0%})" for result in results]
        for name in names
    }
    _print_table("µs a step", titles, {"gradient": [f"{result.gradient:.1f}" for result in results]} | times)
    ratios = {
        name: [f"{result.transcripts[name] / result.steps[name]:.1f}" for result in results]
        for name in names
        if name in TRANSCRIPTS
    }
    print()
    _print_table("transcript's time / ours", titles, ratios)


def _print_table(corner: str, titles: list[str], rows: dict[str, list[str]]) -> None:
    print(f"| {corner} | {' | '.join(titles)} |")
    print(f"|---|{'---:|' * len(titles)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")
