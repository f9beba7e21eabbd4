"""The same training in eager PyTorch, an optional extra."""

from dataclasses import asdict
from typing import Any

import numpy as np

from nnbench.core.arrays import IntArray
from nnbench.datasets import Points
from nnbench.nn import Network
from nnbench.optimizers import Optimizer
from nnbench.training.evaluation import evaluation_epochs

RULES = {"sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam"}


def train(network: Network, points: Points, name: str, optimizer: Optimizer, epochs: int) -> list[float]:
    """Train from the weights of `network`, which are not changed; the learning rate does not decay.

    Returns:
        The loss of each epoch.
    """
    from torch import nn

    model, rule, inputs, labels = _prepare(network, points, name, optimizer)
    losses, accuracies = np.empty(epochs), np.empty(epochs)
    for epoch in range(epochs):
        logits = model(inputs)
        loss = nn.functional.cross_entropy(logits, labels)
        losses[epoch] = loss.item()
        accuracies[epoch] = (logits.argmax(1) == labels).double().mean().item()
        rule.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        rule.step()
    return losses.tolist()


def train_on_batches(network: Network, points: Points, name: str, optimizer: Optimizer, orders: IntArray) -> list[float]:
    """Train on mini-batches, with the arguments and the result of `jax_scan.train_on_batches`."""
    import torch
    from torch import nn

    model, rule, inputs, labels = _prepare(network, points, name, optimizer)
    due = set(evaluation_epochs(len(orders) + 1).tolist())
    losses, evaluated = [], []
    for epoch in range(len(orders) + 1):
        if epoch in due:
            with torch.no_grad():
                logits = model(inputs)
                accuracy = (logits.argmax(1) == labels).double().mean().item()
                evaluated.append((nn.functional.cross_entropy(logits, labels).item(), accuracy))
        if epoch == len(orders):
            break
        for which in torch.tensor(orders[epoch]).reshape(-1, network.batch):
            loss = nn.functional.cross_entropy(model(inputs[which]), labels[which])
            losses.append(loss.item())
            rule.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            rule.step()
    return losses


def _prepare(network: Network, points: Points, name: str, optimizer: Optimizer) -> tuple[Any, Any, Any, Any]:
    """Return model, optimizer, inputs and labels."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    layers: list[nn.Module] = []
    for weights in network.weights:
        dense = nn.Linear(len(weights) - 1, weights.shape[1])
        dense.weight = nn.Parameter(torch.tensor(weights[:-1].T))
        dense.bias = nn.Parameter(torch.tensor(weights[-1]))
        layers += [dense, nn.ReLU()]
    model = nn.Sequential(*layers[:-1])

    settings = asdict(optimizer)
    options = {"lr": settings["learning_rate"]}
    if "momentum" in settings:
        options["momentum"] = settings["momentum"]
    if "epsilon" in settings:
        options["eps"] = settings["epsilon"]
    if "rho" in settings:
        options["alpha"] = settings["rho"]
    rule = getattr(torch.optim, RULES[name])(model.parameters(), **options)
    return model, rule, torch.tensor(points.x.astype(network.parameters.dtype)), torch.tensor(points.labels)
