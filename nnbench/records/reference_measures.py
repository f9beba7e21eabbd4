"""Measures of what simple methods reach on the points of a run, beside which its own results are read."""

from nnbench.records.measure import OF_LOSS, Kind, Measure, Split
from nnbench.records.reductions import or_nan


def reference(
    key: str, name: str, quantity: str, meaning: str, kind: Kind | None = None, split: Split = "test", unit: str = "share"
) -> Measure:
    """A measure that is recorded before the training; the arguments are the attributes of `Measure`."""
    return Measure(
        key=f"reference/{key}",
        name=name,
        compute=lambda history: or_nan(history.references.get(key)),
        unit=unit,
        meaning=meaning,
        group="reference",
        quantity=quantity,
        split=split,
        better="lower" if quantity == "loss" else "higher",
        kind=kind,
    )


# In the order of the columns of `Study.runs`.
REFERENCES: tuple[Measure, ...] = (
    reference(
        "chance_accuracy",
        "chance",
        "accuracy",
        "of the test points, by always guessing the most frequent class",
        "classification",
    ),
    reference(
        "neighbours_accuracy",
        "nearest neighbours",
        "accuracy",
        "likewise, by the nearest of the same training points",
        "classification",
    ),
    reference(
        "bayes_accuracy",
        "Bayes",
        "accuracy",
        "likewise, by the most probable class, from the data's density",
        "classification",
    ),
    reference("mean_r2", "training mean", "R²", "of the test points, by the mean of the training targets", "regression"),
    reference("linear_r2", "least squares", "R²", "likewise, by least squares on the same training points", "regression"),
    reference("bayes_loss", "Bayes", "loss", "on the test points, of the best possible predictions", unit=OF_LOSS),
    reference("bayes_r2", "Bayes", "R²", "of the test points, by the mean target given the features", "regression"),
    reference("best_known_accuracy", "best known", "accuracy", "of test points, the best published result", "classification"),
    reference("best_known_r2", "best known", "R²", "likewise", "regression"),
    reference(
        "linear_train_loss",
        "least squares",
        "loss",
        "on the training points, of least squares on them",
        "regression",
        "train",
        OF_LOSS,
    ),
    reference(
        "least_train_loss", "least possible", "loss", "the smallest possible on the training points", None, "train", OF_LOSS
    ),
    reference(
        "shares_train_loss",
        "class shares",
        "loss",
        "on the training points, of predicting the shares of the classes among them",
        "classification",
        "train",
        OF_LOSS,
    ),
)
