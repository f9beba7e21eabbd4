"""The settings that searches chose, read from files of this and of earlier versions."""

import json
from pathlib import Path

import pandas as pd
import pytest

from nnbench.records.choices import choice_table, selection_table, with_measures

SPIRAL, TABLE = (json.dumps({"dataset.name": name}) for name in ("spiral", "diabetes"))
TUNING = pd.DataFrame({"dataset.name": ["spiral", "diabetes"], "final/val_accuracy": [0.7, None], "final/val_r2": [None, 0.4]})
FIRST_EDITION = """setting,optimizer,hyperparameter,value,default,kind,low,high,edge,configs,seeds,val_accuracy,val_loss,lost
adam (tuned),adam,learning_rate,0.02,0.05,log,0.001,0.1,,8,3,0.74,0.65,0
adam (tuned),adam,beta_1,0.9,0.9,fixed,,,,8,3,0.74,0.65,0
"""


def rows(*given: tuple[str, str, float, float]) -> str:
    """A file with `task` and `search`, without `measure`, of rows of setting, task, score and loss."""
    frame = pd.DataFrame(given, columns=["setting", "task", "val_accuracy", "val_loss"])
    return str(
        frame.assign(search=0, optimizer="adam", hyperparameter="learning_rate", value=0.1, default=0.1).to_csv(index=False)
    )


def read(folder: Path, text: str) -> pd.DataFrame:
    (folder / "selection.csv").write_text(text)
    return choice_table(folder / "selection.csv", SPIRAL)


def test_a_file_of_the_first_edition_is_read(tmp_path: Path) -> None:
    table = with_measures(selection_table([read(tmp_path, FIRST_EDITION)]), TUNING)
    assert table["measure"].tolist() == ["val/accuracy"] * 2
    assert table["score"].tolist() == [0.74] * 2
    assert table["loss"].tolist() == [0.65] * 2
    assert table["value"].tolist() == [0.02, 0.9]
    assert not {"val_accuracy", "val_loss"} & set(table)


def test_the_measure_of_a_file_without_it_is_that_of_the_task(tmp_path: Path) -> None:
    before = rows(("a", SPIRAL, 0.7, 0.5), ("b", TABLE, -0.2, 3.0), ("c", TABLE, -0.25, 0.25), ("d", "{", 0.7, 0.5))
    table = with_measures(selection_table([read(tmp_path, before)]), TUNING)
    assert table[["measure", "score", "loss"]].to_numpy().tolist() == [
        ["val/accuracy", 0.7, 0.5],
        ["val/r2", -0.2, 3.0],
        ["train/loss", 0.25, 0.25],
        ["val/accuracy", 0.7, 0.5],
    ]


def test_files_of_two_versions_are_joined(tmp_path: Path) -> None:
    after = read(tmp_path, rows(("a", TABLE, 0.3, 2.0)).replace("val_accuracy,val_loss", "score,loss"))
    files = [read(tmp_path, FIRST_EDITION), after.assign(measure="val/r2")]
    table = with_measures(selection_table(files), TUNING)
    assert table["measure"].tolist() == ["val/accuracy"] * 2 + ["val/r2"]
    assert table["score"].tolist() == [0.74, 0.74, 0.3]
    assert table["loss"].tolist() == [0.65, 0.65, 2.0]


@pytest.mark.parametrize("damage", [",val_loss", ",val_accuracy"])
def test_a_file_without_a_column_of_scores_is_read(damage: str, tmp_path: Path) -> None:
    table = with_measures(selection_table([read(tmp_path, FIRST_EDITION.replace(damage, ",x"))]), TUNING)
    assert table["value"].tolist() == [0.02, 0.9]
    assert table["measure"].tolist() == ["val/accuracy"] * 2
    assert not {"val_accuracy", "val_loss"} & set(table)
