"""Laws of scale and rotation: how the steps of an optimizer change if its gradients are scaled or rotated."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.random import default_rng

from nnbench.cli.optimizer_runs import Problem, noise
from nnbench.core.arrays import FloatArray
from nnbench.optimizers.base import Optimizer, blocks

SCALE = 100.0
TOLERANCE = 0.01  # of a law, as a share of the way: epsilon breaks it a little
SQUARES = ((4, 3), (4, 3), (4, 3))  # layers with square weights; of others, SOAP's first eigenvectors are not unique

ScaleLaw = Literal["invariant", "proportional", "neither"]
RotationLaw = Literal["vectors", "matrices", "none"]


def scale_law(optimizer: Optimizer) -> tuple[ScaleLaw, float]:
    """Return what gradients from N(0, 1) do to the path, compared with the same divided by `SCALE`.

    Returns:
        `invariant` if the path stays the same, `proportional` if its steps are `SCALE` times as long, otherwise `neither`;
        and the ratio of the lengths of the ways.
    """
    draw = noise(Problem(SQUARES).parameters.size)
    small = Problem(SQUARES).run(optimizer, lambda k: draw(k) / SCALE)[-1]
    large = Problem(SQUARES).run(optimizer, draw)[-1]
    ratio = float(np.linalg.norm(large) / np.linalg.norm(small))
    if _same(large, small):
        return "invariant", ratio
    return ("proportional" if _same(large, SCALE * small) else "neither"), ratio


def rotation_law(optimizer: Optimizer) -> RotationLaw:
    """Return under which rotations of the gradients the path is rotated in the same way.

    Returns:
        `vectors`: of all parameters as one vector; `matrices`: of each weight matrix that a rule with a `rest` takes, from
        both sides; or `none`.
    """
    if optimizer.rest() is None:
        rotation = _rotation(Problem(SQUARES).parameters.size)
        return "vectors" if _rotates_with(optimizer, lambda vector: rotation @ vector) else "none"
    left, right = _rotation(3, seed=1), _rotation(3, seed=2)

    def rotate(vector: FloatArray) -> FloatArray:
        turned = Problem(SQUARES)
        turned.parameters[:] = vector
        for block in filter(optimizer.takes, blocks(turned.layers)):
            if block.kind == "weights":
                block.values[:] = left @ block.values @ right
        return turned.parameters

    return "matrices" if _rotates_with(optimizer, rotate) else "none"


def _rotates_with(optimizer: Optimizer, rotate: Callable[[FloatArray], FloatArray]) -> bool:
    plain, rotated = Problem(SQUARES), Problem(SQUARES)
    draw = noise(plain.parameters.size)
    expected = rotate(plain.run(optimizer, draw)[-1])
    return _same(rotated.run(optimizer, lambda k: rotate(draw(k)))[-1], expected)


def _same(found: FloatArray, expected: FloatArray) -> bool:
    return bool(np.linalg.norm(found - expected) < TOLERANCE * np.linalg.norm(expected))


def _rotation(size: int, seed: int = 0) -> FloatArray:
    return np.linalg.qr(default_rng(seed).standard_normal((size, size)))[0]
