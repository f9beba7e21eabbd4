"""A study as tidy tables: finals by a paged search, curves from the artifacts, never a call for each run."""

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from mlflow.entities import Experiment, Run

from nnbench import artifacts
from nnbench.boundary import Boundary
from nnbench.errors import UserError
from nnbench.study import Study
from nnbench.tracking.experiment import artifact_folder, find_experiment
from nnbench.tracking.settings import settings
from nnbench.tracking.store import Store, every

logger = logging.getLogger(__name__)

TAGS = ("outcome", "optimizer", "identity", "sweep_id", "commit", "dirty", "version", "python", "numpy", "blas", "cpu", "threads", "command", "reason")
METRICS = (
    "final/train_loss", "final/train_accuracy", "final/val_loss", "final/val_accuracy", "best/val_loss",
    "best/val_accuracy", "test/loss", "test/accuracy", "time/train_seconds", "time/epoch_us", "epochs_to/0.80",
    "epochs_to/0.90", "epochs_to/0.95", "diverged_at_epoch",
)
