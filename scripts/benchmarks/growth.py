"""How the cost of an epoch grows with points, width, depth and batch, and the share of matrix products in it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.core.arrays import FloatArray
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.nn.products import product
from nnbench.optimizers import find
from nnbench.training.loop import train
from scripts.benchmarks.training import SETTINGS

CLASSES = 3
AXES: dict[str, tuple[int, ...]] = {
    "points": (300, 900, 3_000, 9_000, 30_000),
    "width": (64, 128, 256, 512, 1_024),
    "depth": (1, 2, 4, 8),
    "batch": (8, 32, 128, 300),
}
SECONDS = 0.5  # processor time of one measurement, about


@dataclass(frozen=True, kw_only=True)
class Case:
    """Size of a training.

    Attributes:
        points: of the training split.
        width: of each hidden layer.
        depth: hidden layers.
        batch: points in a step; all of them for a full batch.
    """

    points: int = 300
    width: int = 64
    depth: int = 1
    batch: int = 300

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-self.points // self.batch)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Processor time of a case, in microseconds.

    Attributes:
        epoch: of an epoch of Adam, on one thread.
        products: of the epoch's matrix products alone, on buffers of the same shapes.
    """

    epoch: float
    products: float


def cases() -> Iterator[tuple[str, int, Case]]:
    """Yield the axis, the value on it, and the case, one axis varied at a time."""
    for axis, values in AXES.items():
        for value in values:
            case = replace(Case(), **{axis: value})
            yield axis, value, replace(case, batch=value) if axis == "points" else case


def measure(case: Case, dtype: str = "float32", seconds: float = SECONDS, rounds: int = 3) -> Cost:
    """Time a case on one thread; each figure is the median of `rounds` rounds."""
    rng = np.random.default_rng(0)
    points = Spiral().draw(rng, case.points // CLASSES)
    hidden = [case.width] * case.depth
    network = Network(2, hidden, CLASSES, batch=case.batch, dtype=dtype)
    network.initialize(rng)
    optimizer = find("adam")(**SETTINGS["adam"])

    def epochs(count: int) -> None:
        train(network, optimizer, points, None, None, epochs=count + 1)  # the last epoch has no step

    multiply = products([2, *hidden, CLASSES], case.batch, dtype)

    def multiplications(count: int) -> None:
        for _ in range(count * case.steps):
            for call in multiply:
                call()

    with threadpool_limits(1):
        return Cost(epoch=_time(epochs, seconds, rounds), products=_time(multiplications, seconds, rounds))


def products(widths: list[int], batch: int, dtype: str) -> list[Callable[[], object]]:
    """Return the matrix products of a forward and a backward pass, as calls on buffers of their own."""
    rng = np.random.default_rng(0)

    def array(rows: int, columns: int) -> FloatArray:
        return rng.standard_normal((rows, columns)).astype(dtype)

    values = [array(width + 1, batch) for width in widths[:-1]]
    errors = [array(width, batch) for width in widths[1:]]
    calls = []
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        weights, gradients = array(inputs + 1, outputs), array(inputs + 1, outputs)
        calls += [product(weights.T, values[layer], errors[layer].copy())]
        calls += [product(values[layer], errors[layer].T, gradients)]
        if layer:
            calls += [product(weights[:-1], errors[layer], errors[layer - 1].copy())]
    return calls


def _time(work: Callable[[int], None], seconds: float, rounds: int) -> float:
    """Return the microseconds of one unit of `work(count)`, the median of rounds of about `seconds` each."""
    work(2)  # warms the caches
    begun = process_time()
    work(3)
    count = max(3, round(seconds / max((process_time() - begun) / 3, 1e-7)))
    times = []
    for _ in range(rounds):
        begun = process_time()
        work(count)
        times.append((process_time() - begun) / count)
    return 1e6 * median(times)


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command `growth`."""
    parser.add_argument("--seconds", type=float, default=SECONDS, help="processor time of a measurement")
    parser.add_argument("--folder", type=Path, help="where growth.csv and growth.svg are written, such as docs/images")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print a Markdown table, a line for each case; with a folder, write it as CSV and draw it."""
    print("| varied | value | µs an epoch | steps | µs a step | matrix products |")
    print("|---|---:|---:|---:|---:|---:|")
    rows = []
    for axis, value, case in cases():
        cost = measure(case, seconds=arguments.seconds)
        share = cost.products / cost.epoch
        step = cost.epoch / case.steps
        print(f"| {axis} | {value:,} | {cost.epoch:,.0f} | {case.steps} | {step:,.0f} | {share:.0%} |", flush=True)
        rows.append((axis, value, cost.epoch, cost.products))
    if arguments.folder is not None:
        lines = [f"{axis},{value},{epoch:.1f},{products:.1f}" for axis, value, epoch, products in rows]
        header = "axis,value,epoch_us,products_us"
        (arguments.folder / "growth.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        draw(rows, arguments.folder / "growth.svg")


def draw(rows: list[tuple[str, int, float, float]], path: Path) -> None:
    """Draw the cost of an epoch against each axis, on logarithmic scales, with that of the matrix products below it."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["svg.hashsalt"] = "growth"
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(AXES), figsize=(11, 2.9), sharey=True, layout="constrained")
    for panel, axis in zip(panels, AXES, strict=True):
        values, epochs, multiplied = zip(*[row[1:] for row in rows if row[0] == axis], strict=True)
        panel.fill_between(values, multiplied, color="#56b4e9", alpha=0.4, linewidth=0, label="matrix products")
        panel.plot(values, epochs, color="#0072b2", marker="o", label="an epoch")
        panel.set(xscale="log", yscale="log", xlabel=axis, xticks=values, xticklabels=[f"{value:,}" for value in values])
        panel.minorticks_off()
        panel.tick_params(axis="x", rotation=45)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("processor time in µs")
    panels[0].legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
