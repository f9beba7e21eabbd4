import hashlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from nnbench.core.errors import UserError
from nnbench.records.study import Study
from nnbench.report.outputs import document
from nnbench.report.outputs.files import Report, write
from nnbench.report.pages import names

MakeStudy = Callable[..., Study]
KINDS = ["Final table", "Loss", "Accuracy", "Boundaries", "Provenance", "Runs"]
PAGES = ["cover", "final_table", "loss", "accuracy", "boundaries", "provenance", "runs"]


def _write(study: Study, folder: Path, pages: list[str] = PAGES) -> Report:
    return write(study, folder, title="Optimizers compared", pages=pages, targets=[0.8, 0.9, 0.95])


@pytest.fixture(scope="module")
def written(make_study: MakeStudy, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return _write(make_study(seeds=8), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def pdf(written: Report) -> PdfReader:
    return PdfReader(written.pdf)


def test_pages_are_a4_in_order_with_a_footer_each(pdf: PdfReader) -> None:
    found = [page.extract_text() for page in pdf.pages]
    for number, words in enumerate(found, 1):
        assert f"page {number}/{len(found)}" in words
        assert "commit 9f3c2ab41d" in words
    after_cover = "".join(found[1:])
    places = [after_cover.index(f"{kind}\n") for kind in KINDS]
    assert places == sorted(places)
    assert {tuple(round(float(side) / 72 * 25.4) for side in page.mediabox[2:]) for page in pdf.pages} == {(210, 297)}


@pytest.mark.heavy
def test_page_numbers_of_a_report_of_all_pages(make_study: MakeStudy, tmp_path: Path) -> None:
    report = _write(make_study(seeds=20), tmp_path, pages=["cover", *(name for name in names() if name != "cover")])
    assert report.errors == []
    found = [page.extract_text() for page in PdfReader(report.pdf).pages]
    assert [f"page {number}/{len(found)}" in words for number, words in enumerate(found, 1)] == [True] * len(found)


def test_fonts_are_embedded_truetype(pdf: PdfReader) -> None:
    names = set()
    for page in pdf.pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            own: DictionaryObject = descendant.get_object()
            assert str(own["/Subtype"]) == "/CIDFontType2"  # TrueType, not Type 3
            assert "/FontFile2" in own["/FontDescriptor"]  # type: ignore[operator]
            names.add(str(own["/BaseFont"]).split("+")[1])
    assert names == {"DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"}


def _bookmarks(pdf: PdfReader) -> list[tuple[str, int]]:
    """Title and page of each bookmark below that of the document."""
    outline: list[Any] = pdf.outline
    (_, below) = outline
    return [(str(mark["/Title"]), pdf.get_destination_page_number(mark) or 0) for mark in below]


def test_bookmarks_are_the_findings_and_lead_to_their_pages(pdf: PdfReader) -> None:
    outline: list[Any] = pdf.outline
    assert outline[0]["/Title"] == "Optimizers compared"
    marks = _bookmarks(pdf)
    assert len(marks) == len(KINDS)
    for title, number in marks:
        assert " ".join(title.split()) in " ".join(pdf.pages[number].extract_text().split())


def test_metadata_has_no_time(pdf: PdfReader, written: Report) -> None:
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Optimizers compared: comparison"
    assert pdf.metadata.subject == written.answer
    assert set(re.findall(rb"D:(\d{4})", written.pdf.read_bytes())) <= {b"1970"}


def test_the_contents_name_the_right_pages(pdf: PdfReader) -> None:
    cover = " ".join(pdf.pages[0].extract_text().split())
    for kind, (title, number) in zip(KINDS, _bookmarks(pdf), strict=True):
        assert f"{number + 1} {kind} {title}" in cover


def test_the_pdf_is_tagged_with_a_text_for_each_plot(pdf: PdfReader, written: Report) -> None:
    root: Any = pdf.root_object
    assert root["/Lang"] == "en"
    assert bool(root["/MarkInfo"]["/Marked"])
    tags = list(_tags(root["/StructTreeRoot"]))
    kinds = Counter(str(tag.get("/S")) for tag in tags)
    assert kinds["/H1"] == 1
    assert kinds["/Table"] >= 4
    assert {"/TH", "/TD", "/Link"} <= set(kinds)
    figures = [tag for tag in tags if tag.get("/S") == "/Figure"]
    assert len(figures) == len(written.svgs)
    assert all(str(tag["/Alt"]).strip() for tag in figures)


def _tags(element: Any) -> Iterator[DictionaryObject]:
    """The elements of the structure below an element."""
    below = element.get("/K", [])
    for one in below if isinstance(below, list) else [below]:
        tag = one.get_object()
        if isinstance(tag, DictionaryObject) and "/S" in tag:
            yield tag
            yield from _tags(tag)


@pytest.mark.heavy
@pytest.mark.usefixtures("written")
def test_the_same_study_gives_the_same_bytes(make_study: MakeStudy, tmp_path: Path) -> None:
    """Of every file: after another report in this process, and as the first of one whose hashes of strings are others."""
    code = f"""
import importlib.util, pathlib
spec = importlib.util.spec_from_file_location("synthetic", {str(Path(__file__).parents[1] / "conftest.py")!r})
synthetic = importlib.util.module_from_spec(spec)
spec.loader.exec_module(synthetic)
from nnbench.report.outputs.files import write
folder = pathlib.Path({str(tmp_path / "theirs")!r})
study = synthetic.study(["adam", "sgd"], 2)
write(study, folder, title="Optimizers compared", pages={PAGES!r}, targets=[0.8, 0.9, 0.95])
"""
    environment = {"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as other:
        ours = _digests(_write(make_study(["adam", "sgd"], 2), tmp_path / "ours").folder)
    assert other.returncode == 0
    assert {"report.pdf", "report.html", "summary.md", "cover.png", "figures/loss.csv", "figures/loss.svg"} <= set(ours)
    assert _digests(tmp_path / "theirs") == ours


def _digests(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_every_plot_is_a_file(written: Report) -> None:
    """An SVG that shows in any browser: its text is text, nothing in it is dated or fetched."""
    assert {"cover", "loss", "loss-2", "accuracy", "accuracy-2", "boundaries"} <= set(written.svgs)
    for path in written.svgs.values():
        words = path.read_text()
        root = ElementTree.fromstring(words)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        shown = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
        assert shown.strip()
        assert "<dc:date>" not in words
        assert not re.search(r'href="(?!#|data:)', words)
        assert len(words) < 1_000_000


def test_the_cover_has_a_preview_picture(written: Report) -> None:
    with Image.open(written.cover) as picture:
        assert picture.size == (1000, 1414)


def test_html_report_is_small(written: Report) -> None:
    assert written.pdf.stat().st_size < 5_000_000
    assert written.web.stat().st_size < 1_500_000


def test_a_report_lists_all_its_files(written: Report) -> None:
    there = {path for path in written.folder.rglob("*") if path.is_file()}
    assert set(written.files) == there
    assert len(written.files) == len(there)


def test_progress_reports_each_page_and_the_pdf(make_study: MakeStudy, tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    study, pages = make_study(["adam"], 1), ["cover", "loss", "runs"]
    write(study, tmp_path, title="", pages=pages, targets=[], progress=lambda *told: said.append(told))
    assert said[:3] == [("Cover", 0, 3), ("Loss", 1, 3), ("Runs", 2, 3)]
    assert said[3:] == [*(("plots", number, 3) for number in range(3)), ("typesetting", 3, 3)]


def test_every_page_writes_a_table(written: Report, make_study: MakeStudy) -> None:
    assert list(written.csvs) == PAGES
    made = document.compose(make_study(seeds=8), title="", pages=PAGES, targets=[0.8, 0.9, 0.95])
    for name, path in written.csvs.items():
        assert path == written.pdf.parent / "figures" / f"{name}.csv"
        expected = pd.read_csv(StringIO(made.tables[name].to_csv(index=False)))
        pd.testing.assert_frame_equal(pd.read_csv(path), expected)


@pytest.mark.heavy
def test_pages_that_cannot_be_shown_are_listed_with_the_reason(make_study: MakeStudy, tmp_path: Path) -> None:
    report = _write(make_study(["adam", "mine"], 2, boundaries=False), tmp_path, [*PAGES, "printed"])
    assert [name for name, _ in report.missing] == ["boundaries"]
    last = PdfReader(report.pdf).pages[-1].extract_text()
    assert "Not shown because" in last
    assert "Boundaries: no completed run has a decision boundary" in " ".join(last.split())
    assert "boundaries" not in report.csvs


@pytest.mark.heavy
def test_long_tables_are_printed_in_part_and_are_whole_on_the_web(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(seeds=51, boundaries=False)
    made = _write(study, tmp_path, ["runs"])
    printed = "".join(page.extract_text() for page in PdfReader(made.pdf).pages)
    assert "The first 200 of 204 rows; the web page beside this document has all." in " ".join(printed.split())
    runs, web = pd.read_csv(made.csvs["runs"])["run_id"], made.web.read_text()
    assert len(runs) == 204
    assert all(run in web for run in runs)
    assert [run in printed for run in runs] == [True] * 200 + [False] * 4


def test_runs_of_a_server_are_links(make_study: MakeStudy, tmp_path: Path) -> None:
    study = replace(make_study(["sgd", "adam"], 2), address=lambda run_id: f"https://host/#/experiments/1/runs/{run_id}?a&b")
    report = _write(study, tmp_path, ["runs"])
    addresses = {f"https://host/#/experiments/1/runs/{run_id}?a&b" for run_id in study.runs["run_id"]}
    notes = [note.get_object() for page in PdfReader(report.pdf).pages for note in page.get("/Annots", [])]
    assert {str(note["/A"]["/URI"]) for note in notes if "/URI" in note.get("/A", {})} == addresses
    page = report.web.read_text(encoding="utf-8")
    assert all(f'href="{address.replace("&", "&amp;")}"' in page for address in addresses)
    assert not report.errors


@pytest.mark.heavy
@pytest.mark.parametrize("seeds", [0, 3])
def test_nothing_to_compare_is_still_a_report(make_study: MakeStudy, tmp_path: Path, seeds: int) -> None:
    study = make_study(["adam", "sgd"] if seeds else [], seeds, outcome=lambda setting, seed: "diverged")
    report = _write(study, tmp_path)
    assert {"final_table", "loss", "accuracy", "boundaries"} <= {name for name, _ in report.missing}
    assert report.answer in " ".join(PdfReader(report.pdf).pages[0].extract_text().split())


@pytest.mark.heavy
def test_files_of_an_earlier_report_are_removed(make_study: MakeStudy, tmp_path: Path) -> None:
    _write(make_study(["adam"], 1), tmp_path)
    mine = tmp_path / "figures" / "mine.csv"
    mine.write_text("kept")
    (tmp_path / "figures" / "boundaries-3.svg").write_text("of a longer report")
    _write(make_study(["adam"], 1), tmp_path, ["cover", "runs"])
    left = ["cover.csv", "cover.svg", "mine.csv", "runs.csv"]
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == left
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "cover.png",
        "figures",
        "report.html",
        "report.pdf",
        "summary.md",
    ]


@pytest.mark.heavy
def test_a_failure_keeps_the_earlier_report(make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _write(make_study(["adam"], 1), tmp_path, ["cover"]).pdf.read_bytes()

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        _write(make_study(["sgd"], 1), tmp_path, ["cover"])
    assert (tmp_path / "report.pdf").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["cover.csv", "cover.svg"]


def test_an_unknown_page_is_the_users_mistake(comparison: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"report.pages names 'losses', which is no page: choose among accuracy, "):
        _write(comparison, tmp_path, ["cover", "losses"])
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy
def test_the_users_matplotlib_settings_have_no_effect(make_study: MakeStudy, tmp_path: Path) -> None:
    import matplotlib as mpl

    plain = _write(make_study(["adam"], 2), tmp_path / "a", ["cover", "loss"]).pdf.read_bytes()
    with mpl.rc_context(
        {"text.usetex": True, "lines.linewidth": 9, "axes.facecolor": "pink", "text.color": "red", "font.size": 30}
    ):
        assert _write(make_study(["adam"], 2), tmp_path / "b", ["cover", "loss"]).pdf.read_bytes() == plain


@pytest.mark.heavy
def test_the_order_of_runs_does_not_change_the_answer(comparison: Study, tmp_path: Path) -> None:
    shuffled = replace(comparison, runs=comparison.runs.sample(frac=1, random_state=1).sort_values("optimizer", kind="stable"))
    answers = {_write(study, tmp_path, ["cover"]).answer for study in (comparison, shuffled)}
    assert len(answers) == 1
