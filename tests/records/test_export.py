"""A study out of the store into plain files and back: nothing is lost on the way."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnbench.cli.export import main as export_main
from nnbench.cli.report import main as report_main
from nnbench.cli.run import main
from nnbench.core.errors import UserError
from nnbench.records import export
from nnbench.records.study import Study
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store

BAD = "optimizer=custom", "optimizer.algorithm=tests.broken_optimizers:Raises", "+optimizer.learning_rate=0.1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A store with runs of two optimizers, two of them diverged and one failed."""
    made = tmp_path_factory.mktemp("studied")
    (made / "results").mkdir()
    shutil.copy(empty_database, made / "results" / "mlflow.db")
    small = "-m", "training.epochs=20", "study=s", "report=none"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        patch.setenv("HYDRA_FULL_ERROR", "0")
        for words in (("optimizer=sgd,adam", "seed=0,1", "grids.optimizer.sgd.learning_rate=1,1e30"), BAD):
            patch.setattr(sys, "argv", ["nnbench", *small, *words])
            with suppress(SystemExit):
                main()
    return made


@pytest.fixture(scope="module")
def studied(folder: Path) -> Study:
    """They, read."""
    return read_study(open_store(f"sqlite:///{folder}/results/mlflow.db", None), "s")


def same(study: Study, back: Study) -> None:
    """Assert that two studies are equal."""
    assert back.name == study.name
    for name in export.TABLES:
        pd.testing.assert_frame_equal(getattr(back, name), getattr(study, name), check_exact=True, obj=name)
    for run_id in study.runs["run_id"]:
        before, after = study.boundary(run_id), back.boundary(run_id)
        assert (before is None) == (after is None)
        if before is None or after is None:
            continue
        assert after.extent == before.extent
        for part in ("label", "confidence", "train_points", "train_labels", "test_points", "test_labels"):
            np.testing.assert_array_equal(getattr(after, part), getattr(before, part))


def test_export_round_trip(studied: Study, tmp_path: Path) -> None:
    export.write(studied, tmp_path / "export")
    back = export.read(tmp_path / "export")
    same(studied, back)
    assert {"finished", "diverged", "failed"} == set(back.runs["outcome"])
    assert len(back.curves) > 60
    assert back.boundary("../../results") is None
    export.write(back, tmp_path / "again")
    for name in export.TABLES:
        first, second = (tmp_path / folder / f"{name}.csv" for folder in ("export", "again"))
        assert first.read_bytes() == second.read_bytes()


def test_a_study_with_a_tuning_stage_and_columns_of_mixed_types(studied: Study, tmp_path: Path) -> None:
    mixed = studied.runs.copy()
    mixed["optimizer.schedule"] = [1, "linear", 2.5, None, *["x"] * (len(mixed) - 4)]
    selection = pd.DataFrame({"setting": ["adam (tuned)"] * 2, "hyperparameter": ["a", "b"], "value": [0.1, "linear"]})
    study = Study(
        name="t",
        runs=mixed,
        curves=studied.curves,
        records=studied.records,
        sweeps=studied.sweeps,
        boundary=lambda run_id: None,
        tuning=studied.runs.head(2),
        selection=selection,
    )
    export.write(study, tmp_path / "export")
    back = export.read(tmp_path / "export")
    same(study, back)
    assert back.selection["value"].tolist() == [0.1, "linear"]


def test_a_study_without_runs(tmp_path: Path, studied: Study) -> None:
    study = Study(
        name="t",
        runs=studied.runs.head(0),
        curves=studied.curves.head(0),
        records=studied.records.head(0),
        sweeps=studied.sweeps.head(0),
        boundary=lambda run_id: None,
    )
    export.write(study, tmp_path / "export")
    same(study, export.read(tmp_path / "export"))


def test_every_column_is_in_the_data_dictionary(studied: Study, tmp_path: Path) -> None:
    export.write(studied, tmp_path / "export")
    dictionary = pd.read_csv(tmp_path / "export" / "dictionary.csv")
    assert dictionary.notna().to_numpy().all()
    for name in export.TABLES:
        columns = dictionary.loc[dictionary["table"] == name, "column"].tolist()
        assert [column for column in columns if column != "problem"] == [str(column) for column in getattr(studied, name)]
        assert ("problem" in columns) == (name in ("runs", "tuning", "earlier")), name
    generic = set(dictionary[dictionary["meaning"].str.startswith("the configuration's")]["column"])
    assert {column for column in generic if "." not in column} == {"study", "resume", "fail_fast", "dry_run"}


def test_csv_holds_no_formula(studied: Study, tmp_path: Path) -> None:
    names = ["=1+1", "@x", "+1", "-1", *studied.runs["name"][4:]]
    export.write(Study(**{**vars(studied), "runs": studied.runs.assign(name=names)}), tmp_path / "export")
    assert pd.read_csv(tmp_path / "export" / "runs.csv")["name"].tolist()[:4] == ["'=1+1", "'@x", "'+1", "'-1"]
    assert export.read(tmp_path / "export").runs["name"].tolist() == names


def test_a_folder_that_is_not_an_export_is_neither_read_nor_replaced(studied: Study, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    with pytest.raises(UserError, match="is no export; move it away"):
        export.write(studied, tmp_path / "mine")
    with pytest.raises(UserError, match="is no export of a study"):
        export.read(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]
    export.write(studied, tmp_path / "export")
    export.write(studied, tmp_path / "export")
    about = json.loads((tmp_path / "export" / "study.json").read_text())
    (tmp_path / "export" / "study.json").write_text(json.dumps(about | {"form": 99}))
    with pytest.raises(UserError, match="another version"):
        export.read(tmp_path / "export")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".export")]


@pytest.mark.heavy
def test_export_and_report_without_mlflow(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["export.py", "study=s"])
    assert export_main() == 0
    assert capsys.readouterr().out == "results/s/export\n"
    (folder / "results" / "s" / "export").rename(tmp_path / "carried")
    program = (
        "import sys; sys.modules['mlflow'] = None\n"
        "from nnbench.cli.report import main as report_main\n"
        "sys.argv = ['report.py', 'from=carried', 'pages=cover,final_table']\n"
        "status = report_main()\n"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "s" / "pages" / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_missing_folder_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["report.py", "from=nowhere"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    assert report_main() == 2
    assert capsys.readouterr().err == "nnbench report: from=nowhere: there is no such folder\n"


def without(column: str) -> Callable[[Path], object]:
    return lambda path: pd.read_parquet(path).drop(columns=column).to_parquet(path)


def about(**changes: object) -> Callable[[Path], object]:
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("runs.parquet", without("setting"), "is damaged: it lacks setting"),
        ("runs.parquet", without("test/accuracy"), "is damaged: it lacks test/accuracy"),
        ("curves.parquet", without("epoch"), "is damaged: it lacks epoch"),
        ("runs.parquet", lambda path: pd.read_parquet(path).assign(seed="x").to_parquet(path), "seed must hold numbers"),
        ("runs.parquet", lambda path: os.truncate(path, 1000), "is damaged: "),
        ("sweeps.parquet", lambda path: os.truncate(path, 0), "is damaged: "),
        ("sweeps.parquet", Path.unlink, "is missing"),
        ("study.json", lambda path: path.write_text("{"), "is damaged: "),
        ("study.json", lambda path: path.write_bytes(b"\xff\xfe"), "is damaged: "),
        ("study.json", lambda path: path.write_text("null"), "is damaged: "),
        ("study.json", about(name=None), "is damaged: name"),
        ("study.json", about(name="../evil"), "names its study '../evil'"),
        ("study.json", about(columns_in_json=3), "is damaged: columns_in_json"),
        (
            "study.json",
            about(columns={"runs": []}, columns_in_json={"runs": ["moon"]}),
            "runs.parquet: is damaged: it lacks moon",
        ),
    ],
)
def test_a_damaged_export_is_reported_with_its_file(
    name: str, damage: Callable[[Path], object], says: str, studied: Study, tmp_path: Path
) -> None:
    export.write(studied, tmp_path / "export")
    damage(tmp_path / "export" / name)
    with pytest.raises(UserError, match=re.escape(says)) as raised:
        export.read(tmp_path / "export")
    assert name in str(raised.value) or "parquet" in says
    assert "\n" not in str(raised.value)


def test_an_export_of_the_first_edition_is_read(studied: Study, tmp_path: Path) -> None:
    before = {"task": [""], "setting": ["adam (tuned)"], "val_accuracy": [0.7], "val_loss": [0.5]}
    export.write(Study(**{**vars(studied), "selection": pd.DataFrame(before)}), tmp_path / "export")
    path = tmp_path / "export" / "study.json"
    first = json.loads(path.read_text())
    del first["columns"], first["columns_in_json"]["earlier"]
    first["form"] = 2
    path.write_text(json.dumps(first))
    (tmp_path / "export" / "earlier.parquet").unlink()
    back = export.read(tmp_path / "export")
    assert len(back.runs) == len(studied.runs)
    assert back.selection[["measure", "score", "loss"]].to_numpy().tolist() == [["val/accuracy", 0.7, 0.5]]


def test_a_damaged_boundary_file_affects_only_the_boundary(studied: Study, tmp_path: Path) -> None:
    export.write(studied, tmp_path / "export")
    (damaged, *_) = sorted((tmp_path / "export" / "boundaries").glob("*.npz"))
    damaged.write_bytes(b"no archive")
    assert export.read(tmp_path / "export").boundary(damaged.stem) is None


NAMES = ["../../../evil", None, *(pytest.param(name, marks=pytest.mark.heavy) for name in ("/evil", "", "a\0b", 7))]


@pytest.mark.parametrize("name", NAMES)
def test_an_export_whose_name_is_a_path_is_refused(
    name: object, studied: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "deep" / "er"
    export.write(studied, place / "export")
    about = json.loads((place / "export" / "study.json").read_text())
    (place / "export" / "study.json").write_text(json.dumps({**about, "name": name}))
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(place)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr(sys, "argv", ["report.py", "from=export"])
    assert report_main() == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.heavy
def test_every_run_has_the_label_of_its_task(studied: Study, tmp_path: Path) -> None:
    odd = np.arange(len(studied.runs)) % 2 == 1
    several = studied.runs.assign(**{"dataset.name": np.where(odd, "moons", "spiral")})
    named = several.assign(problem=np.where(odd, "deep_linear", "spiral"))
    noise = studied.runs.assign(**{"dataset.noise": np.where(odd, 0.3, 0.2)})
    expected = {
        "one": (studied.runs, ["spiral"]),
        "datasets": (several, ["spiral", "moons"]),
        "problems": (named, ["spiral", "deep_linear"]),
        "noise": (noise, ["spiral noise=0.2", "spiral noise=0.3"]),
    }
    for name, (runs, labels) in expected.items():
        study = Study(
            **{**vars(studied), "runs": runs, "tuning": runs.head(3), "earlier": runs.tail(1).reset_index(drop=True)}
        )
        export.write(study, tmp_path / name)
        table = pd.read_csv(tmp_path / name / "runs.csv")
        assert table["problem"].tolist() == [labels[at % len(labels)] for at in range(len(runs))]
        assert pd.read_parquet(tmp_path / name / "runs.parquet")["problem"].tolist() == table["problem"].tolist()
        assert pd.read_csv(tmp_path / name / "tuning.csv")["problem"].tolist() == table["problem"].tolist()[:3]
        assert pd.read_csv(tmp_path / name / "earlier.csv")["problem"].tolist() == table["problem"].tolist()[-1:]
        same(study, export.read(tmp_path / name))


@pytest.mark.parametrize(
    ("measures", "unit"),
    [(["test/accuracy"], "nats"), (["test/r2"], "squared error"), (["test/accuracy", "test/r2"], "nats or squared error")],
)
def test_the_unit_of_a_loss_is_that_of_the_task(measures: list[str], unit: str, studied: Study, tmp_path: Path) -> None:
    runs = studied.runs.copy()
    accuracies = [str(column) for column in runs if str(column).endswith("accuracy")]
    runs[accuracies] = np.nan
    for place, name in enumerate(measures):
        runs[name] = np.where(np.arange(len(runs)) % len(measures) == place, 0.5, np.nan)
    export.write(Study(**{**vars(studied), "runs": runs}), tmp_path / "export")
    units = pd.read_csv(tmp_path / "export" / "dictionary.csv").set_index("column")["unit"]
    losses = [str(column) for column in units.index if re.search(r"(^|[/_])loss$", str(column))]
    assert len(losses) > 8
    assert set(units[losses]) == {unit}
