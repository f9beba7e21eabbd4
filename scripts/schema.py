"""Write `nnbench/tracking/mlflow/schema.sql`, the tables of a new SQLite store, after a change of the version of MLflow."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow

from nnbench.tracking.mlflow import schema


def main() -> int:
    """Returns the exit status."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "mlflow.db"
        schema.upgrade(file)
        with closing(sqlite3.connect(file)) as database:
            script = "\n".join(database.iterdump())
    schema.PREPARED.write_text(f"{schema.prepared_for(mlflow.__version__)}{script}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
