"""The same network in scikit-learn's `MLPClassifier`, which has two of the optimizers and measures only the loss."""

import warnings
from dataclasses import asdict

from nnbench.datasets import Points
from nnbench.nn import Network
from nnbench.optimizers import Optimizer

RULES = {"sgd": {"momentum": "momentum"}, "adam": {"beta_1": "beta_1", "beta_2": "beta_2", "epsilon": "epsilon"}}


def train(network: Network, points: Points, name: str, optimizer: Optimizer, epochs: int) -> list[float]:
    """Train a network with the same layers from other weights; the learning rate does not decay.

    Returns:
        The loss of each epoch.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    values = asdict(optimizer)
    model = MLPClassifier(
        tuple(weights.shape[1] for weights in network.weights[:-1]),
        solver=name,
        learning_rate_init=values["learning_rate"],
        **{theirs: values[ours] for ours, theirs in RULES[name].items()},
        **({"nesterovs_momentum": False} if name == "sgd" else {}),
        alpha=0.0,
        batch_size=len(points.x),
        shuffle=False,
        random_state=0,
        max_iter=epochs,
        n_iter_no_change=epochs,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it stops after the given epochs
        model.fit(points.x.astype(network.parameters.dtype), points.labels)
    return list(model.loss_curve_)
