"""The same training in JAX, compiled: one `lax.scan` over the epochs. JAX is an optional extra."""

import os
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from typing import Any

from nnbench.datasets import Points
from nnbench.nn import Network
from nnbench.optimizers import Optimizer

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
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import jax

    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]  # float32 arrays stay float32
    program = compiled(name, tuple(asdict(optimizer).items()), epochs)
    weights = [(layer[:-1], layer[-1]) for layer in network.weights]
    losses, _ = program(weights, points.x.astype(network.parameters.dtype), points.labels)
    return [float(loss) for loss in jax.device_get(losses)]


@cache
def compiled(name: str, settings: tuple[tuple[str, float], ...], epochs: int) -> Callable[..., tuple[Any, Any]]:
    """Return the compiled function of weights, points and labels that gives losses and accuracies of the epochs."""
    import jax
    from jax import numpy as jnp
    from jax.example_libraries import optimizers

    values = dict(settings)
    rule, names = RULES[name]
    options = {names[key]: value for key, value in values.items() if key in names}
    if name == "adagrad":
        options["momentum"] = 0.0  # JAX's default is 0.9
    if name == "rmsprop":
        options["eps"] **= 2  # JAX adds epsilon under the root
    rate = optimizers.inverse_time_decay(values["learning_rate"], 1, values["decay"])  # type: ignore[no-untyped-call]
    start, update, weights_of = getattr(optimizers, rule)(rate, **options)

    def measure(weights: Any, x: Any, labels: Any) -> tuple[Any, Any]:
        outputs = x
        for kernel, bias in weights[:-1]:
            outputs = jax.nn.relu(outputs @ kernel + bias)
        kernel, bias = weights[-1]
        logits = outputs @ kernel + bias
        truth = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
        return -truth.mean(), (logits.argmax(1) == labels).mean()

    def step(x: Any, labels: Any, state: Any, epoch: Any) -> tuple[Any, tuple[Any, Any]]:
        measured, gradients = jax.value_and_grad(measure, has_aux=True)(weights_of(state), x, labels)
        return update(epoch, gradients, state), measured

    @jax.jit
    def program(weights: Any, x: Any, labels: Any) -> tuple[Any, Any]:
        _, measured = jax.lax.scan(partial(step, x, labels), start(weights), jnp.arange(epochs))
        losses, accuracies = measured
        return losses, accuracies

    return program
