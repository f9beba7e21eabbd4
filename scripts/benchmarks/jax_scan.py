"""The same training in JAX, compiled: `lax.scan` over the steps. JAX is an optional extra."""

import os
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from typing import Any

import numpy as np

from nnbench.core.arrays import IntArray
from nnbench.datasets import Points
from nnbench.nn import Network
from nnbench.optimizers import Optimizer
from nnbench.training.evaluation import evaluation_epochs

# Optimizers of jax.example_libraries, and their names of the hyperparameters.
RULES = {
    "sgd": ("momentum", {"momentum": "mass"}),
    "adagrad": ("adagrad", {}),
    "rmsprop": ("rmsprop", {"rho": "gamma", "epsilon": "eps"}),
    "adam": ("adam", {"beta_1": "b1", "beta_2": "b2", "epsilon": "eps"}),
}


def train(network: Network, points: Points, name: str, optimizer: Optimizer, epochs: int) -> list[float]:
    """Train from the weights of `network`, which are not changed. The first call compiles.

    Returns:
        The loss of each epoch.
    """
    jax = _jax()
    program = compiled(name, tuple(asdict(optimizer).items()), epochs)
    losses, _ = program(*_arguments(network, points))
    return [float(loss) for loss in jax.device_get(losses)]


def train_on_batches(network: Network, points: Points, name: str, optimizer: Optimizer, orders: IntArray) -> list[float]:
    """Train on mini-batches of the network's size, in given orders: a scan over the epochs, and in it one over the batches.

    Args:
        network: is not changed.
        points: as many as fill whole batches.
        name, optimizer: as above.
        orders: of the points in each epoch, shape (epochs - 1, points).

    Returns:
        The loss of each step. Loss and accuracy of all points are computed at the evaluation epochs, too.
    """
    jax = _jax()
    due = np.isin(np.arange(len(orders) + 1), evaluation_epochs(len(orders) + 1))
    program = compiled_batches(name, tuple(asdict(optimizer).items()))
    losses, _ = program(*_arguments(network, points), orders.reshape(len(orders), -1, network.batch), due)
    return [float(loss) for loss in jax.device_get(losses).ravel()]


def _jax() -> Any:
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import jax

    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]  # float32 arrays stay float32
    return jax


def _arguments(network: Network, points: Points) -> tuple[Any, Any, Any]:
    weights = [(layer[:-1], layer[-1]) for layer in network.weights]
    return weights, points.x.astype(network.parameters.dtype), points.labels


def rule(name: str, settings: tuple[tuple[str, float], ...]) -> tuple[Callable[..., Any], ...]:
    """Return an optimizer as three functions: state from weights, state after a step, weights from state."""
    from jax.example_libraries import optimizers

    values = dict(settings)
    kind, theirs = RULES[name]
    options = {theirs[key]: value for key, value in values.items() if key in theirs}
    if name == "adagrad":
        options["momentum"] = 0.0  # JAX's default is 0.9
    if name == "rmsprop":
        options["eps"] **= 2  # JAX adds epsilon under the root
    rate = optimizers.inverse_time_decay(values["learning_rate"], 1, values["decay"])  # type: ignore[no-untyped-call]
    made: tuple[Callable[..., Any], ...] = getattr(optimizers, kind)(rate, **options)
    return made


def measure(weights: Any, x: Any, labels: Any) -> tuple[Any, Any]:
    """Return loss and accuracy of some points."""
    import jax
    from jax import numpy as jnp

    outputs = x
    for kernel, bias in weights[:-1]:
        outputs = jax.nn.relu(outputs @ kernel + bias)
    kernel, bias = weights[-1]
    logits = outputs @ kernel + bias
    truth = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -truth.mean(), (logits.argmax(1) == labels).mean()


@cache
def compiled(name: str, settings: tuple[tuple[str, float], ...], epochs: int) -> Callable[..., tuple[Any, Any]]:
    """Return the compiled function of weights, points and labels that gives losses and accuracies of the epochs."""
    import jax
    from jax import numpy as jnp

    start, update, weights_of = rule(name, settings)

    def step(x: Any, labels: Any, state: Any, epoch: Any) -> tuple[Any, tuple[Any, Any]]:
        measured, gradients = jax.value_and_grad(measure, has_aux=True)(weights_of(state), x, labels)
        return update(epoch, gradients, state), measured

    @jax.jit
    def program(weights: Any, x: Any, labels: Any) -> tuple[Any, Any]:
        _, measured = jax.lax.scan(partial(step, x, labels), start(weights), jnp.arange(epochs))
        losses, accuracies = measured
        return losses, accuracies

    return program


@cache
def compiled_batches(name: str, settings: tuple[tuple[str, float], ...]) -> Callable[..., tuple[Any, Any]]:
    """Return the compiled function of weights, points, labels, orders and evaluated epochs that gives the losses of steps."""
    import jax
    from jax import numpy as jnp

    start, update, weights_of = rule(name, settings)

    def step(x: Any, labels: Any, carried: Any, which: Any) -> tuple[Any, Any]:
        state, k = carried
        (loss, _), gradients = jax.value_and_grad(measure, has_aux=True)(weights_of(state), x[which], labels[which])
        return (update(k, gradients, state), k + 1), loss

    @jax.jit
    def program(weights: Any, x: Any, labels: Any, orders: Any, due: Any) -> tuple[Any, Any]:
        shapes = jax.eval_shape(measure, weights, x, labels)

        def nothing() -> Any:
            return jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), shapes)

        def evaluate(state: Any, due: Any) -> Any:
            return jax.lax.cond(due, lambda: measure(weights_of(state), x, labels), nothing)

        def epoch(carried: Any, given: Any) -> tuple[Any, Any]:
            order, due = given
            evaluated = evaluate(carried[0], due)
            carried, losses = jax.lax.scan(partial(step, x, labels), carried, order)
            return carried, (losses, evaluated)

        (state, _), (losses, evaluated) = jax.lax.scan(epoch, (start(weights), 0), (orders, due[:-1]))
        return losses, (evaluated, evaluate(state, due[-1]))

    return program
