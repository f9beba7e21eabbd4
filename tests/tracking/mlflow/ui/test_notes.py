from collections.abc import Callable

import pytest

from nnbench.records.history import History
from nnbench.records.labels import Best
from nnbench.tracking.mlflow.ui import notes as note

Histories = Callable[..., History]


def test_note_of_a_finished_run(history: Histories) -> None:
    text = note.run_note("finished", {"seed": "3"}, history=history(), picture="boundary.png")
    first, _, picture, *_ = text.splitlines()
    assert first.startswith("**Finished** after 200 epochs in 2.00 s: test/accuracy 0.875, final/val_accuracy 0.9,")
    assert picture == "![Decision boundary](boundary.png)"
    assert "| `test/accuracy` | 0.875 |" in text
    assert text.endswith("| setting | value |\n|---|---|\n| `seed` | 3 |\n")


def test_a_diverged_run_has_the_epoch_of_its_divergence(history: Histories) -> None:
    text = note.run_note("diverged", {}, history=history(outcome="diverged", diverged_at=200))
    assert text.startswith("**Diverged** at epoch 200")
    assert "![" not in text


def test_a_run_without_a_history_has_a_message() -> None:
    assert "**Failed**: ValueError: no" in note.run_note("failed", {}, reason="ValueError: no")


def test_a_nan_metric_is_left_out(history: Histories) -> None:
    text = note.run_note("finished", {}, history=history(test_loss=float("nan"), test_accuracy=float("nan")))
    assert "test/" not in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", "a \\| b"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[click](javascript:alert(1))", "\\[click\\](javascript:alert(1))"),
        ("one\n\n# two", "one # two"),
        ("adam lr=0.05 (tuned)", "adam lr=0.05 (tuned)"),
    ],
)
def test_texts_of_others_are_shown_unchanged(text: str, shown: str) -> None:
    assert note.plain(text) == shown
    assert f"| `title` | {shown} |" in note.run_note("failed", {"title": text}, reason="")
    assert f"**Failed**: {shown}\n" in note.run_note("failed", {}, reason=text)


def test_a_long_note_is_cut_with_an_ellipsis() -> None:
    text = note.run_note("failed", {"list": "1, " * 5000}, reason="")
    assert len(text) == 8000
    assert text.endswith("…")
    assert len(note.study_note("trial", "1", "x" * 30_000)) == 20_000


def test_the_note_of_a_study_begins_with_its_question_and_links() -> None:
    text = note.study_note(
        "trial", "7", "python -m nnbench -m seed=1,2", reports=[("abc", "report.pdf")], answer="adam beats sgd"
    )
    first = text.splitlines()[0]
    assert first.startswith("Which optimizer, with which hyperparameters, and how sure are we? [Leaderboard](#/experiments/7/")
    assert "[Learning curves](" in first
    assert "[Failures](" in first
    assert "[Report](#/experiments/7/runs/abc/artifacts/report.pdf?" in first
    assert "**The report says:** adam beats sgd\n" in text
    assert "    python -m nnbench -m seed=1,2\n" in text
    assert "[Report]" not in note.study_note("trial", "7", "")


def test_the_note_of_a_study_has_the_best_setting_of_each_optimizer() -> None:
    best = Best(optimizer="adam (tuned)", setting="adam (tuned) lr=0.05", runs=3, accuracy=0.75, run_ids=frozenset("abc"))
    text = note.study_note("trial", "7", "", bests=[best])
    row = next(line for line in text.splitlines() if line.startswith("| [adam"))
    assert "searchFilter=tags.%60nnbench.optimizer%60%20%3D%20%27adam%20%28tuned%29%27%20AND%20tags.%60nnbench.best%60" in row
    assert row.endswith("| adam (tuned) lr=0.05 | 3 | 0.750 |")


def test_note_of_a_sweep() -> None:
    files = ["report.pdf", "cover.png"]
    text = note.sweep_note("7", "python -m nnbench", {"finished": 6, "failed": 1}, answer="x", files=files)
    assert text.startswith("x\n\n**Its runs:** 1 failed, 6 finished.\n")
    assert f"(#/experiments/7/runs/{note.THIS_RUN}/artifacts/report.pdf?" in text
    assert f"(get-artifact?path=cover.png&run_uuid={note.THIS_RUN})" in text
    assert "report.pdf" not in note.sweep_note("7", "", {})
