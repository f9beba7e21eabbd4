"""Two studies side by side."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from nnbench.core.errors import UserError
from nnbench.records.study import Study
from nnbench.report.comparison import PAGES, wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.findings import code
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.outputs import comparison as compare
from nnbench.report.sentences.caveats import caveats
from tests.report.test_layout import check, plotted

MakeStudy = Callable[..., Study]
TEST = METRICS["test/accuracy"]


def _moved(study: Study, name: str, **by: float) -> Study:
    """The study under another name, the test accuracy of some settings moved."""
    runs = study.runs.copy()
    for setting, change in by.items():
        runs.loc[runs["setting"] == setting, "test/accuracy"] += change
    return replace(study, name=name, runs=runs)


def _versus(before: Study, after: Study) -> Versus:
    return Versus(Findings(before), Findings(after))


@pytest.fixture
def study(make_study: MakeStudy) -> Study:
    return make_study(["adam", "sgd", "rmsprop"], 8, name="before")


def test_runs_are_paired_by_setting_and_seed(study: Study, make_study: MakeStudy) -> None:
    after = make_study(["sgd", "adam", "mine"], 10, name="after")
    versus = _versus(study, after)
    assert versus.matched == {"sgd": ("sgd", "sgd"), "adam": ("adam", "adam")}
    assert versus.alone == {"before": ["rmsprop"], "after": ["mine"]}
    pairs = versus.pairs(TEST)
    assert pairs["setting"].tolist() == ["sgd"] * 8 + ["adam"] * 8
    assert pairs["seed"].tolist() == [*range(8)] * 2
    for side, one in (("before", study), ("after", after)):
        values = one.runs.set_index(["setting", "seed"])["test/accuracy"]
        found = pairs.set_index(["setting", "seed"])[side]
        pd.testing.assert_series_equal(found, values.reindex(found.index), check_names=False)


def test_one_setting_of_an_optimizer_matches_the_one_it_has_elsewhere(make_study: MakeStudy) -> None:
    before = make_study(["adam lr=0.05", "sgd lr=1", "sgd lr=2"], 3, name="before")
    after = make_study(["adam", "sgd"], 3, name="after")
    assert _versus(before, after).matched == {"adam": ("adam lr=0.05", "adam")}


def test_a_diverged_run_is_the_worst_of_its_seed(make_study: MakeStudy, study: Study) -> None:
    after = make_study(
        ["adam", "sgd", "rmsprop"],
        8,
        name="after",
        outcome=lambda setting, seed: "diverged" if setting == "sgd" and seed < 3 else "finished",
    )
    versus = _versus(study, after)
    assert versus.pairs(TEST)["setting"].value_counts().to_dict() == {"adam": 8, "rmsprop": 8, "sgd": 8}
    change = next(one for one in versus.changes(TEST) if one.setting == "sgd")
    assert (change.n, change.ended, change.lost_before, change.lost_after) == (8, 5, 0, 3)
    assert "Runs diverged (sgd 0 of 8 before and 3 of 8 after)" in " ".join(wording.caveats(versus))


def _halved(study: Study, name: str, lost: range, by: float) -> Study:
    """Some seeds of adam diverged, the others better by so much."""
    runs = study.runs.copy()
    runs["test/accuracy"] += by * (runs["setting"] == "adam")
    gone = (runs["setting"] == "adam") & runs["seed"].isin(lost)
    measures = [column for column in map(str, runs) if column.startswith(("test/", "final/", "best/"))]
    runs.loc[gone, measures] = np.nan
    runs.loc[gone, "outcome"] = "diverged"
    return replace(study, name=name, runs=runs)


@pytest.mark.parametrize("names", [["adam"], ["adam", "sgd"]])
def test_half_of_the_runs_diverged_is_no_improvement(make_study: MakeStudy, names: list[str]) -> None:
    before = make_study(names, 20, name="before")
    after = _halved(before, "after", range(9), 0.03)
    versus = _versus(before, after)
    change = next(one for one in versus.changes(TEST) if one.setting == "adam")
    assert (change.n, change.ended, change.lost_after, change.better) == (20, 11, 9, 0)
    assert change.estimate == pytest.approx(0.03)
    for said in (wording.answer(versus, TEST), wording.headline(versus, TEST)):
        assert "diverged after" in said
        assert "9 of " in said
    most = _versus(before, _halved(before, "after", range(18), 0.03))
    change = next(one for one in most.changes(TEST) if one.setting == "adam")
    assert (change.better, change.sign) == (-1, -1)
    assert "(18 of 20 runs diverged after)" in wording.headline(most, TEST)
    gone = _versus(_halved(before, "before", range(9), 0.03), before).changes(METRICS["final/train_loss"])[0]
    assert (gone.lost_before, gone.sign) == (9, -1)  # what had diverged has a lower loss now


def test_a_setting_with_only_lost_runs_beside_another(make_study: MakeStudy) -> None:
    before = make_study(["adam", "sgd"], 20, name="before")
    versus = _versus(before, _halved(before, "after", range(20), 0.0))
    change = next(one for one in versus.changes(TEST) if one.setting == "adam")
    assert (change.ended, change.better) == (0, -1)
    assert np.isnan(change.estimate)
    check(plotted(lambda: compare.compose(versus)))


def test_values_are_compared_not_as_they_are_printed(study: Study) -> None:
    after = replace(study, name="after", runs=study.runs.assign(**{"optimizer.decay": 0.1 + 1e-8}))
    versus = _versus(replace(study, runs=study.runs.assign(**{"optimizer.decay": 0.1})), after)
    assert versus.differences.to_numpy().tolist() == [["", "optimizer.decay", "0.1", "0.10000001"]]
    order = study.runs["seed"] % 2 * 0.1
    mixed = _versus(
        replace(study, runs=study.runs.assign(**{"optimizer.decay": order})),
        replace(study, name="after", runs=study.runs.assign(**{"optimizer.decay": 0.1 - order})),
    )
    assert not mixed.configured


def test_different_versions_are_reported(study: Study) -> None:
    coded = _coded(study, "before")
    versus = _versus(coded, _coded(study, "after", numpy="1.26.0", blas="mkl"))
    assert versus.environment == ["NumPy", "BLAS"]
    assert "NumPy and BLAS differ" in wording.caveats(versus)[0]
    same = _versus(coded, _coded(study, "after"))
    assert same.environment == []
    assert "nothing that is recorded differs" in wording.caveats(same)[0]


def test_studies_without_common_settings_are_refused(study: Study, make_study: MakeStudy) -> None:
    with pytest.raises(
        UserError, match="study=before,other: no setting is in both; the first has adam; sgd; rmsprop, the second mine"
    ):
        _versus(study, make_study(["mine"], 2, name="other"))
    lost = make_study(["adam"], 3, name="other", outcome=lambda setting, seed: "diverged")
    with pytest.raises(UserError, match="no setting has a seed whose runs were completed in both"):
        _versus(study, lost)
    with pytest.raises(UserError, match="the second none"):
        _versus(study, make_study([], 0, name="other"))


def test_the_answer_claims_what_is_shown(study: Study) -> None:
    versus = _versus(study, _moved(study, "after", adam=0.05, sgd=-0.05))
    said = wording.answer(versus, TEST)
    assert said.startswith("From before to after, test accuracy rises for adam (+0.05")
    assert re.search(r"and falls for sgd \(−0\.05\d* .*n = 8\); no change is shown for rmsprop\.$", said)
    assert (
        wording.headline(versus, TEST) == "Test accuracy is better for adam and worse for sgd, not shown to change for rmsprop"
    )


def test_lower_losses_are_better(study: Study) -> None:
    after = replace(study, name="after", runs=study.runs.assign(**{"final/train_loss": study.runs["final/train_loss"] * 0.5}))
    versus = _versus(study, after)
    loss = METRICS["final/train_loss"]
    assert wording.headline(versus, loss) == "Training loss is better for all 3 settings"
    assert "training loss falls for adam" in wording.answer(versus, loss)
    assert (versus.shifts(loss)["better"] == 1).all()


def test_the_answer_does_not_claim_what_is_not(study: Study, make_study: MakeStudy) -> None:
    same = _versus(study, _moved(study, "after"))
    assert (
        wording.answer(same, TEST) == "No change in test accuracy is shown from before to after for any of 3 settings (n = 8)."
    )
    few = _versus(make_study(["adam"], 4, name="a"), _moved(make_study(["adam"], 4), "b", adam=0.05))
    assert wording.answer(few, TEST).startswith(
        "4 seeds in common cannot show a change in test accuracy from a to b of 1 setting, 6 or more are needed: so far adam "
        "differs by +0.05"
    )
    assert wording.headline(few, TEST) == "4 seeds in common cannot show a change in test accuracy"


def test_differing_parameters_are_named(study: Study) -> None:
    def changed(**leaves: Any) -> Versus:
        return _versus(study, replace(study, name="after", runs=study.runs.assign(**leaves)))

    one = changed(**{"optimizer.decay": 0.0})
    assert one.differences.to_numpy().tolist() == [["", "optimizer.decay", "0.0001", "0"]]
    assert wording.caveats(one)[0] == "Between the two, optimizer.decay differs."
    assert wording.caveats(one)[1] == (
        "One task: spiral (3 classes, 100 training points a class, noise 0.2). The results need not hold for other data."
    )
    both = changed(**{"optimizer.decay": 0.0, "training.epochs": 5, "commit": "f" * 40})
    assert both.configured == ["optimizer.decay", "training.epochs"]
    assert wording.caveats(both)[0].endswith("together: their effects cannot be separated. So does the code, of nnbench.")
    assert "start differently" in " ".join(wording.caveats(changed(**{"dataset.noise": 0.3})))
    assert "nothing that is recorded differs" in wording.caveats(changed())[0]
    assert "but the code does" in wording.caveats(changed(commit="f" * 40))[0]
    rates = study.runs["setting"].map({"adam": 0.7}).fillna(study.runs["optimizer.learning_rate"])
    assert changed(**{"optimizer.learning_rate": rates}).differences["setting"].tolist() == ["adam"]


@pytest.mark.heavy
def test_the_report_has_all_files_and_the_same_bytes(study: Study, tmp_path: Path) -> None:
    after = _moved(study, "after", adam=0.05)
    reports = [compare.write(study, after, tmp_path / name) for name in "ab"]
    assert [path.relative_to(tmp_path / "a") for path in reports[0].files] == [
        path.relative_to(tmp_path / "b") for path in reports[1].files
    ]
    for ours, theirs in zip(*(report.files for report in reports), strict=True):
        assert ours.read_bytes() == theirs.read_bytes()
    report = reports[0]
    assert list(report.csvs) == list(PAGES)
    assert report.missing == []
    pdf = PdfReader(report.pdf)
    words = [page.extract_text() for page in pdf.pages]
    assert "Comparison of before and after" in words[0]
    assert " ".join(report.answer.split()) in " ".join(words[0].split())
    assert len(pdf.outline[1]) == len(PAGES) - 1
    summary = report.summary.read_text()
    assert summary.startswith(
        "## Comparison of before and after: before-vs-after\n\n**From before to after, test accuracy rises for adam"
    )
    assert "| **+0.0" in summary
    shifts = pd.read_csv(report.csvs["differences"])
    assert set(shifts["measure"]) == {
        "test accuracy",
        "validation accuracy",
        "training accuracy",
        "training loss",
        "validation loss",
    }


LONG = "my_company.optimizers.experimental:Sophisticated{}"
STUDIES: dict[str, Callable[[MakeStudy], tuple[Study, Study]]] = {
    "one run": lambda make: (make(["adam"], 1, name="a"), make(["adam"], 1, name="b")),
    "no held-out points": lambda make: (make(validation=False, test=False, name="a"), make(name="b")),
    "many settings": lambda make: (
        make([f"{LONG.format(n)} lr={n}" for n in range(20)], 2, name="a" * 100),
        make([f"{LONG.format(n)} lr={n}" for n in range(20)], 2, name="b" * 100),
    ),
    "broken runs": lambda make: (
        make(outcome=lambda setting, seed: "diverged" if seed % 2 else "finished", name="a"),
        make(outcome=lambda setting, seed: "killed" if setting == "sgd" else "finished", name="b"),
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("kind", STUDIES)
def test_any_two_studies_can_be_compared(make_study: MakeStudy, kind: str) -> None:
    versus = _versus(*STUDIES[kind](make_study))
    check(plotted(lambda: compare.compose(versus)))


def _coded(study: Study, name: str, **columns: Any) -> Study:
    """The study under another name, with other provenance; sources are given by what their digest is."""
    algorithms = study.runs["optimizer"].replace({"adam": "my.opts:Lion"})
    plain: dict[str, Any] = {"optimizer.algorithm": algorithms, "source": "s" + algorithms, "dataset_source": "d", "code": "c"}
    runs = study.runs.assign(**{**plain, **columns})

    def source(run_id: str) -> dict[str, str]:
        digest = str(runs.set_index("run_id").loc[run_id, "source"])
        return {"optimizer/my/opts.py": f"first\n{digest}\nlast\n"}

    return replace(study, name=name, runs=runs, source=source)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("before", "after", "differ", "unknown"),
    [
        ({}, {}, [], []),
        ({"commit": "a" * 40}, {"commit": "b" * 40}, [], []),  # other files of the repository
        ({"commit": None}, {"commit": None}, [], []),  # from a wheel
        ({"dirty": True}, {"dirty": True}, [], []),
        ({}, {"code": "other"}, ["nnbench"], []),
        ({}, {"dataset_source": "other"}, ["spiral"], []),
        ({}, {"source": "other"}, ["my.opts:Lion", "sgd", "rmsprop"], []),
        # Of the first edition: no digests. A clean commit is evidence of nnbench's code alone.
        ({"source": None, "dataset_source": None, "code": None},) * 2 + ([], ["my.opts:Lion"]),
        ({"source": None, "dataset_source": None, "code": None, "dirty": True},) * 2 + ([], ["nnbench", "my.opts:Lion"]),
        ({"source": None, "dataset_source": None, "code": None, "commit": None},) * 2 + ([], ["nnbench", "my.opts:Lion"]),
        (
            {"source": None, "dataset_source": None, "code": None},
            {},
            [],
            ["nnbench", "my.opts:Lion", "sgd", "rmsprop", "spiral"],
        ),
    ],
)
def test_the_same_code_is_claimed_only_on_evidence(
    study: Study, before: dict[str, Any], after: dict[str, Any], differ: list[str], unknown: list[str]
) -> None:
    versus = _versus(_coded(study, "before", **before), _coded(study, "after", **after))
    assert sorted(versus.code.differ) == sorted(differ)
    assert sorted(versus.code.unknown) == sorted(unknown)
    assert versus.code.same == (not differ and not unknown)
    assert ("Neither what was configured" in wording.caveats(versus)[0]) == versus.code.same
    assert set(versus.differences["key"]) >= {f"source of {name}" for name in (*differ, *unknown)}
    assert not versus.configured


def test_changed_lines_are_shown(study: Study, tmp_path: Path) -> None:
    versus = _versus(_coded(study, "before"), _coded(study, "after", source="other"))
    assert versus.diff[:2] == ["--- before/my/opts.py", "+++ after/my/opts.py"]
    assert {"-smy.opts:Lion", "+other", " first", " last"} <= set(versus.diff)
    report = compare.write(versus.before.study, versus.after.study, tmp_path)
    assert "+other" in report.summary.read_text()
    assert "+other" in report.web.read_text()
    assert "+other" in "".join(page.extract_text() for page in PdfReader(report.pdf).pages)


def test_a_long_change_is_cut(study: Study) -> None:
    before, after = _coded(study, "before"), _coded(study, "after", source="other")
    long = {"optimizer/my/opts.py": "\n".join(map(str, range(5000)))}
    versus = _versus(before, replace(after, source=lambda run_id: long))
    assert len(versus.diff) == code.MOST
    assert versus.diff[-1].endswith("more lines")


def test_runs_of_earlier_code_are_counted(study: Study, make_study: MakeStudy) -> None:
    new = _coded(study, "now")
    old = _coded(study, "now", source="old").runs
    held = replace(new, earlier=old[old["optimizer"] == "adam"])
    told = code.left_out(held)
    assert "2 of my.opts:Lion" in told
    assert "8 runs of earlier ones are left out" in told
    assert caveats(Findings(held))["earlier"] == told
    assert code.left_out(new) == ""


@pytest.mark.parametrize(
    ("provenance", "words"),
    [
        ({"commit": "a" * 40, "dirty": False}, "commit aaaaaaaaaa"),
        ({"commit": "a" * 40, "dirty": True}, "commit aaaaaaaaaa with uncommitted changes"),
        ({"commit": None, "dirty": None, "code": "c" * 16}, "source cccccccccc"),
        ({"commit": None, "dirty": None, "code": None}, "code not known"),
        ({"commit": ["a" * 40, "b" * 40] * 12, "code": None}, "2 commits"),
        ({"commit": ["a" * 40, "b" * 40] * 12, "code": "c" * 16}, "source cccccccccc in 2 commits"),
        ({"commit": ["a" * 40, "b" * 40] * 12, "dirty": True}, "2 commits, some with uncommitted changes"),
    ],
)
def test_a_version_is_named_by_its_code(study: Study, provenance: dict[str, Any], words: str) -> None:
    assert code.describe(study.runs.assign(**provenance)) == words
