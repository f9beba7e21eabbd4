from collections.abc import Callable

from nnbench.history import History
from nnbench.tracking import note

Histories = Callable[..., History]


def test_a_finished_run_tells_its_end_its_finals_and_its_settings(history: Histories) -> None:
    text = note.run_note("adam lr=0.05", "finished", {"seed": "3"}, history=history())
    assert text.startswith("## adam lr=0.05\n\n**Finished** after 200 epochs in 2.00 s.\n")
    assert "| `test/accuracy` | 0.875 |" in text
    assert text.endswith("| setting | value |\n|---|---|\n| `seed` | 3 |\n")


def test_a_diverged_run_tells_when(history: Histories) -> None:
    text = note.run_note("sgd", "diverged", {}, history=history(outcome="diverged", diverged_at=200))
    assert "**Diverged** at epoch 200" in text


def test_a_run_without_a_history_tells_why() -> None:
    assert "**Failed**: ValueError: no" in note.run_note("sgd", "failed", {}, reason="ValueError: no")


def test_a_metric_that_is_not_a_number_is_left_out(history: Histories) -> None:
    assert "test/loss" not in note.run_note("sgd", "finished", {}, history=history(test_loss=float("nan")))


def test_a_bar_in_a_value_breaks_no_table() -> None:
    assert "| `title` | a \\| b |" in note.run_note("sgd", "failed", {"title": "a | b"}, reason="")


def test_a_long_note_is_cut_with_an_ellipsis() -> None:
    text = note.run_note("sgd", "failed", {"list": "1, " * 5000}, reason="")
    assert len(text) == 8000
    assert text.endswith("…")
    assert len(note.study_note("trial", None, "x" * 30_000)) == 20_000


def test_a_study_asks_its_question_and_names_its_command() -> None:
    text = note.study_note("trial", None, "python -m nnbench -m seed=1,2")
    assert text.startswith("# trial\n")
    assert "how sure are we?" in text
    assert "    python -m nnbench -m seed=1,2\n" in text
