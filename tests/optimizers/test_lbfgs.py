"""L-BFGS: its direction, its steps against PyTorch's and a transcript, its line search, and where it ends against SciPy's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from nnbench.core.arrays import FloatArray
from nnbench.optimizers.lbfgs import CURVATURE, DECREASE, LBFGS, Point, search
from nnbench.training.regularization import Regularization
from nnbench.training.stepper import Stepper
from tests.optimizers.transcripts.quasi_newton import lbfgs

Function = Callable[[FloatArray], tuple[float, FloatArray]]
SIZE = 8


def ravine(weights: FloatArray) -> tuple[float, FloatArray]:
    """A quadratic with condition number 100 in rotated axes, its minimum at 1, and its gradient."""
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((SIZE, SIZE)))[0]
    gradient = (axes * np.logspace(-3, -1, SIZE)) @ axes.T @ (weights - 1)
    return float(gradient @ (weights - 1)) / 2, gradient


def rosenbrock(weights: FloatArray) -> tuple[float, FloatArray]:
    return float(optimize.rosen(weights)), np.asarray(optimize.rosen_der(weights))


class Run:
    """Steps of L-BFGS on a function, all evaluations counted."""

    def __init__(self, optimizer: LBFGS, function: Function, start: FloatArray, **options: Any) -> None:
        self.weights, self.gradients = start.copy(), np.zeros_like(start)
        self.function, self.evaluations = function, 0
        self.stepper = Stepper(optimizer, self.weights, self.gradients, closure=self.evaluate, **options)

    def evaluate(self) -> float:
        self.evaluations += 1
        loss, self.gradients[:] = self.function(self.weights)
        return loss

    def step(self, k: int) -> None:
        self.evaluate()
        self.stepper.step(k)


def test_steps_of_a_fixed_length_follow_torchs() -> None:
    """PyTorch divides the first step by the sum of the gradient's absolute values if that is above 1; here it is not."""
    torch: Any = pytest.importorskip("torch")
    start = np.zeros(SIZE)
    assert np.abs(ravine(start)[1]).sum() < 1
    run = Run(LBFGS(learning_rate=0.7, history=4, line_search="none"), ravine, start)
    parameters = torch.tensor(start, requires_grad=True)
    settings = {"lr": 0.7, "max_iter": 1, "history_size": 4, "tolerance_grad": 0, "tolerance_change": 0}
    theirs = torch.optim.LBFGS([parameters], **settings)

    def closure() -> Any:
        loss, gradient = ravine(parameters.detach().numpy())
        parameters.grad = torch.tensor(gradient)
        return torch.tensor(loss)

    for k in range(25):
        run.step(k)
        theirs.step(closure)
        np.testing.assert_allclose(run.weights, parameters.detach().numpy(), rtol=1e-7, atol=1e-8, err_msg=f"step {k}")


@pytest.mark.parametrize(("function", "start"), [(ravine, 0.0), (rosenbrock, 0.9)], ids=["ravine", "rosenbrock"])
@pytest.mark.parametrize(("rate", "history"), [(1.0, 10), (0.3, 3)])
def test_steps_of_a_fixed_length_follow_the_paper(function: Function, start: float, rate: float, history: int) -> None:
    """Step by step, until the rounding errors of both have grown to the tolerance."""
    begin = np.full(SIZE, start)
    run = Run(LBFGS(learning_rate=rate, history=history, line_search="none"), function, begin)
    theirs = lbfgs(begin, lambda weights, _: function(weights)[1], learning_rate=rate, history=history)
    for k, expected in zip(range(25), theirs, strict=False):
        run.step(k)
        np.testing.assert_allclose(run.weights, expected, rtol=1e-10, atol=1e-12, err_msg=f"step {k}")


def test_its_direction_is_that_of_the_bfgs_matrix() -> None:
    """Nocedal and Wright, equation 7.19 as products of matrices, from the pairs that the path itself gives."""
    history, rate = 3, 0.3
    run = Run(LBFGS(learning_rate=rate, history=history, line_search="none"), rosenbrock, np.array([-1.2, 1.0, 0.5]))
    path: list[FloatArray] = [run.weights.copy()]
    for k in range(12):
        run.step(k)
        path.append(run.weights.copy())
    for k in range(1, 12):
        points = path[: k + 1]
        slopes = [rosenbrock(point)[1] for point in points]
        pairs = [(b - a, d - c) for a, b, c, d in zip(points, points[1:], slopes, slopes[1:], strict=False)]
        assert all(s @ y > 0 for s, y in pairs)
        s, y = pairs[-1]
        inverse = np.eye(3) * (s @ y) / (y @ y)
        for s, y in pairs[-history:]:
            v = np.eye(3) - np.outer(y, s) / (s @ y)
            inverse = v.T @ inverse @ v + np.outer(s, s) / (s @ y)
        np.testing.assert_allclose(path[k + 1] - path[k], -rate * inverse @ slopes[-1], rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("start", [[-1.2, 1.0], [2.0, -2.0, 2.0, 0.0, 1.5]], ids=["2-D", "5-D"])
def test_ends_where_scipys_does(start: list[float]) -> None:
    theirs = optimize.minimize(rosenbrock, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-10, "ftol": 0})
    run = Run(LBFGS(), rosenbrock, np.array(start))
    steps = 0
    while run.function(run.weights)[0] > 1e-12:
        run.step(steps)
        steps += 1
    np.testing.assert_allclose(run.weights, theirs.x, atol=1e-5)
    # SciPy counts one evaluation of both a step less: here the loop evaluates the gradient of a step's start again.
    assert run.evaluations - steps < 1.5 * theirs.nfev


def test_steps_meet_the_strong_wolfe_conditions() -> None:
    run = Run(LBFGS(), rosenbrock, np.array([-1.2, 1.0]))
    for k in range(20):
        before = run.weights.copy()
        run.step(k)
        (loss, gradient), (end, end_gradient) = rosenbrock(before), rosenbrock(run.weights)
        move = run.weights - before
        assert end <= loss + DECREASE * move @ gradient
        assert abs(end_gradient @ move) <= CURVATURE * abs(gradient @ move)


@given(bottom=st.floats(1e-3, 1e3), height=st.floats(1e-3, 1e3), wave=st.floats(0, 0.9), first=st.floats(1e-3, 1e3))
def test_search_meets_the_conditions_on_wavy_lines(bottom: float, height: float, wave: float, first: float) -> None:
    """A parabola with waves on it, of any width and height, from any first length within six orders of magnitude."""

    def evaluate(t: float) -> Point:
        u = t / bottom
        value = (u - 1) ** 2 + wave * np.sin(5 * u) / 5
        slope = 2 * (u - 1) + wave * np.cos(5 * u)
        return Point(t, float(height * value), float(height * slope / bottom))

    start = evaluate(0.0)
    found, last, count = search(evaluate, start, first)
    assert count <= 25
    assert evaluate(found.length) == found
    assert evaluate(last.length) == last
    assert found.loss <= start.loss + DECREASE * found.length * start.slope
    assert abs(found.slope) <= -CURVATURE * start.slope


def test_search_comes_back_from_where_the_loss_is_infinite() -> None:
    def evaluate(t: float) -> Point:
        return Point(t, np.inf, np.nan) if t > 0.1 else Point(t, (t - 0.05) ** 2, 2 * (t - 0.05))

    found, *_ = search(evaluate, evaluate(0.0), 1.0)
    assert found.length == pytest.approx(0.05, abs=0.04)


def test_a_line_along_which_nothing_falls_is_left_at_its_start() -> None:
    found, _, count = search(lambda t: Point(t, 1.1 + t, 1.0), Point(0.0, 1.0, -1.0), 1.0)
    assert (found.length, count) == (0.0, 25)


def test_evaluations_are_counted_and_told() -> None:
    run = Run(LBFGS(), rosenbrock, np.array([-1.2, 1.0]))
    for k in range(30):
        before = run.evaluations
        run.step(k)
        told = run.stepper.diagnostics()
        assert told["evaluations"] == run.evaluations - before - 1  # the loop's own
        assert told["step_length"] > 0


def test_the_penalty_is_part_of_what_the_line_search_sees() -> None:
    """The minimum of ravine(w) + l2 / 2 * |w|^2 by the solution of linear equations."""
    run = Run(LBFGS(), ravine, np.zeros(SIZE), regularization=Regularization(l2=0.05))
    for k in range(40):
        run.step(k)
    hessian = np.array([ravine(1 + unit)[1] for unit in np.eye(SIZE)])
    expected = np.linalg.solve(hessian + 0.05 * np.eye(SIZE), hessian @ np.ones(SIZE))
    np.testing.assert_allclose(run.weights, expected, rtol=1e-6)


def test_rotated_problems_give_rotated_paths() -> None:
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]

    def turned(weights: FloatArray) -> tuple[float, FloatArray]:
        loss, gradient = rosenbrock(turn.T @ weights)
        return loss, turn @ gradient

    start = np.array([-1.2, 1.0, 0.5])
    plain, other = Run(LBFGS(), rosenbrock, start), Run(LBFGS(), turned, turn @ start)
    for k in range(15):
        plain.step(k)
        other.step(k)
        np.testing.assert_allclose(turn @ plain.weights, other.weights, rtol=1e-6, atol=1e-8)


def test_what_does_not_go_together_is_refused() -> None:
    weights, gradients = np.zeros((4, 2)), np.zeros((4, 2))
    layers = [(weights[:2], gradients[:2]), (weights[2:], gradients[2:])]
    with pytest.raises(ValueError, match="iterations_per must be step"):
        Stepper(LBFGS(), weights.ravel(), gradients.ravel(), layers, iterations_per="layer")
    with pytest.raises(ValueError, match="must not be clipped"):
        Stepper(LBFGS(), weights.ravel(), gradients.ravel(), layers, regularization=Regularization(clip_norm=1.0))
