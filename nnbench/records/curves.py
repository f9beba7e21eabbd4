"""Catalogue of the curves of a run: what is measured at many epochs."""

from nnbench.records.measure import OF_LOSS, Curve

SQUARED = "of a regression, mean squared error in the squared unit of the targets"
EXPLAINED = "share of the variance of the targets that is explained (R²), negative where their mean would be closer"

GROUP_LOSS = "group_loss/"  # before a group's name, of the curve of its loss: in MLflow, `Study.curves` and `history.npz`
GROUP_MEANING = "mean training loss of a group of points that the dataset declares"

CURVES = (
    Curve(
        key="train/loss",
        column="train_loss",
        evaluated=False,
        unit=OF_LOSS,
        meaning=f"mean cross-entropy on the training points, of probabilities clipped to [1e-7, 1 - 1e-7]; {SQUARED}",
        last="of the last epoch that MLflow's charts show",
        log=True,
    ),
    Curve(
        key="train/accuracy",
        column="train_accuracy",
        evaluated=False,
        unit="share",
        meaning="training points classified rightly",
        last="likewise",
        kind="classification",
    ),
    Curve(
        key="train/r2",
        column="train_r2",
        evaluated=False,
        unit="share",
        meaning=f"{EXPLAINED}, on the training points",
        last="likewise",
        kind="regression",
    ),
    Curve(
        key="val/loss",
        column="val_loss",
        evaluated=True,
        unit=OF_LOSS,
        meaning=f"mean cross-entropy on the validation points, not clipped; {SQUARED}; empty where there are none",
        last="likewise, on the validation points",
        log=True,
    ),
    Curve(
        key="val/accuracy",
        column="val_accuracy",
        evaluated=True,
        unit="share",
        meaning="validation points classified rightly; empty where there are none",
        last="likewise",
        kind="classification",
    ),
    Curve(
        key="val/r2",
        column="val_r2",
        evaluated=True,
        unit="share",
        meaning=f"{EXPLAINED}, on the validation points; empty where there are none",
        last="likewise",
        kind="regression",
    ),
)
