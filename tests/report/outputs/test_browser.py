"""The web page in a real browser that has no network: it draws, tells values, sorts, and asks for nothing."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from nnbench.records.study import Study
from nnbench.report.outputs import comparison as compare
from nnbench.report.outputs.files import write

MakeStudy = Callable[..., Study]
PAGES = ["cover", "final_table", "loss", "accuracy", "boundaries", "provenance", "runs"]
EVIL = "</script><img src=http://a.invalid/x onerror=alert(1)>"
SHOTS = Path(os.environ.get("CI_ARTIFACTS") or Path(__file__).parents[3] / "results" / "screenshots")
GRID = [f"{name} lr={rate}" for name in ("sgd", "adagrad", "rmsprop", "adam") for rate in (0.01, 0.1, 1)]

pytestmark = pytest.mark.heavy


@dataclass
class Reader:
    """Someone with the file and no network.

    Attributes:
        page: what they look at.
        asked: every address that the page asked for, its own included.
        troubles: what the browser complained of.
    """

    page: Page
    asked: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def open(self, path: Path) -> None:
        """Open a file, and wait until it has drawn itself."""
        self.page.goto(path.absolute().as_uri())
        expect(self.page.locator(".chart svg").first).to_be_visible()

    @property
    def tip(self) -> Locator:
        """What is told of the place under the pointer."""
        return self.page.locator(".tip:visible")

    def point(self, chart: Locator, share: float, height: float = 0.5) -> None:
        """Move the pointer to a place in a chart."""
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + share * box["width"], box["y"] + height * box["height"])

    def column(self, table: Locator, number: int) -> list[str]:
        """The texts of a column, from top to bottom."""
        return [words.split("\n")[0] for words in table.locator(f"tbody td:nth-child({number})").all_inner_texts()]


@pytest.fixture(params=["light", "dark", "phone"])
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Whatever they do, nothing is asked of the network, the browser does not complain, and nothing is cut off."""
    phone = request.param == "phone"
    context = browser.new_context(
        viewport={"width": 390 if phone else 1100, "height": 800},
        color_scheme="light" if request.param == "light" else "dark",
        offline=True,
    )
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file://") else route.abort())
    reader = Reader(context.new_page())
    reader.page.on("request", lambda sent: reader.asked.append(sent.url))
    reader.page.on("console", lambda said: reader.troubles.append(said.text) if said.type in ("error", "warning") else None)
    reader.page.on("pageerror", lambda error: reader.troubles.append(str(error)))
    reader.page.on("dialog", lambda dialog: reader.troubles.append(dialog.message))
    yield reader
    assert reader.asked
    assert [address for address in reader.asked if not address.startswith(("file://", "data:"))] == []
    assert reader.troubles == []
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    SHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    reader.page.screenshot(path=SHOTS / f"report-{name}.png", full_page=True)
    context.close()


@pytest.fixture(scope="module")
def web(make_study: MakeStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def outcome(setting: str, seed: int) -> str:
        return "diverged" if (setting, seed) == ("sgd", 0) else "finished"

    study = make_study(outcome=outcome)
    return write(study, tmp_path_factory.mktemp("web"), title="Optimizers compared", pages=PAGES, targets=[0.9]).web


def test_the_page_has_a_scheme_for_dark_systems(reader: Reader, web: Path, request: pytest.FixtureRequest) -> None:
    reader.open(web)
    light = "[light]" in request.node.name
    background = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(255, 255, 255)" if light else "rgb(22, 23, 24)")
    filters = reader.page.evaluate("getComputedStyle(document.querySelector('.paper img')).filter")
    assert (filters == "none") == light or reader.page.locator(".paper:not(.raster)").count() == 0


def test_hovering_over_a_curve_shows_its_values(reader: Reader, web: Path) -> None:
    reader.open(web)
    charts = reader.page.locator(".chart[data-kind=lines] svg")
    expect(charts).to_have_count(4)
    expect(reader.tip).to_have_count(0)
    reader.point(charts.first, 0.5)
    expect(reader.tip).to_contain_text(re.compile(r"epoch \d+"))
    for name in ("adam", "sgd", "adagrad", "rmsprop"):
        expect(reader.tip).to_contain_text(re.compile(rf"{name}\s*[\d.]+\s*[\d.]+ – [\d.]+"))
    before = reader.tip.inner_text()
    reader.point(charts.first, 0.8)
    expect(reader.tip).not_to_have_text(before)
    reader.page.mouse.move(0, 0)
    expect(reader.tip).to_have_count(0)


def test_keys_read_a_curve_too(reader: Reader, web: Path) -> None:
    reader.open(web)
    reader.page.locator(".chart[data-kind=lines] svg").first.focus()
    reader.page.keyboard.press("ArrowLeft")
    expect(reader.tip).to_contain_text("epoch 10,000")
    reader.page.keyboard.press("ArrowLeft")
    expect(reader.tip).not_to_contain_text("epoch 10,000")
    reader.page.keyboard.press("Escape")
    expect(reader.tip).to_have_count(0)


def test_hovering_over_an_interval_shows_the_run(reader: Reader, web: Path) -> None:
    reader.open(web)
    forest_plot = reader.page.locator(".chart[data-kind=intervals] svg")
    dot = forest_plot.locator("circle").first.bounding_box()
    assert dot is not None
    reader.page.mouse.move(dot["x"] + 3, dot["y"] + 3)
    expect(reader.tip).to_contain_text("adam")
    expect(reader.tip).to_contain_text(re.compile(r"0\.\d+ \[0\.\d+, 0\.\d+\]\s*n = 10"))
    expect(reader.tip).to_contain_text(re.compile(r"seed \d\s*0\.\d+"))


def test_clicking_a_name_hides_its_curve(reader: Reader, web: Path) -> None:
    reader.open(web)
    group = reader.page.locator("#loss")
    lines = group.locator("polyline.line")
    expect(lines).to_have_count(8)
    group.get_by_role("button", name="adam").click()
    expect(lines).to_have_count(6)
    expect(group.get_by_role("button", name="adam")).to_have_attribute("aria-pressed", "false")
    group.get_by_role("button", name="adam").click()
    expect(lines).to_have_count(8)


def test_clicking_a_head_sorts(reader: Reader, web: Path) -> None:
    reader.open(web)
    table = reader.page.locator("#final_table table").first
    assert reader.column(table, 1) == ["adam", "sgd", "adagrad", "rmsprop"]
    setting = table.get_by_role("button", name="setting")
    setting.click()
    assert reader.column(table, 1) == ["adagrad", "adam", "rmsprop", "sgd"]
    expect(table.locator("th").first).to_have_attribute("aria-sort", "ascending")
    setting.click()
    assert reader.column(table, 1) == ["sgd", "rmsprop", "adam", "adagrad"]
    heads = [re.sub(r"[^\w ]", "", words).strip() for words in table.locator("th").all_inner_texts()]
    for head, descending in {"test accuracy": True, "training loss": False}.items():
        table.get_by_role("button", name=re.compile(rf"^{head}\W*$")).click()
        values = [float(words) for words in reader.column(table, heads.index(head) + 1)]
        assert values == sorted(values, reverse=descending)


def test_runs_without_a_value_come_last(reader: Reader, web: Path) -> None:
    reader.open(web)
    table = reader.page.locator("#runs table")
    head = table.get_by_role("button", name=re.compile(r"^test accuracy\W*$"))
    for _ in range(2):
        head.click()
        assert reader.column(table, 4)[-1] == "–"


def test_pages_that_are_not_drawn_live_are_there_as_in_print(reader: Reader, web: Path) -> None:
    reader.open(web)
    picture = reader.page.locator("#boundaries img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    for link in reader.page.locator("nav a").all():
        address = link.get_attribute("href") or ""
        expect(reader.page.locator(f"section{address}")).to_have_count(1)


@pytest.mark.parametrize("reader", ["phone"], indirect=True)
def test_data_is_escaped_in_markup(reader: Reader, make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(["adam", "sgd"], 2, name=EVIL)
    runs = study.runs.assign(setting=study.runs["setting"] + EVIL, reason=EVIL, commit=EVIL)
    sweeps = study.sweeps.assign(command=EVIL)
    reader.open(write(replace(study, runs=runs, sweeps=sweeps), tmp_path, title=EVIL, pages=PAGES, targets=[]).web)
    assert EVIL in reader.page.locator("h1").inner_text()
    assert EVIL in reader.page.locator("pre").inner_text()
    expect(reader.page.locator("img:not([src^='data:image/svg+xml'])")).to_have_count(0)
    reader.point(reader.page.locator(".chart[data-kind=lines] svg").first, 0.6)
    expect(reader.tip).to_contain_text(EVIL)


@pytest.mark.parametrize("reader", ["phone"], indirect=True)
@pytest.mark.parametrize("kind", ["one run", "a grid", "nothing finished", "long names"])
def test_any_study_can_be_shown(reader: Reader, make_study: MakeStudy, tmp_path: Path, kind: str) -> None:
    study = {
        "one run": lambda: make_study(["adam"], 1),
        "a grid": lambda: make_study(GRID, 6),
        "nothing finished": lambda: make_study(["adam", "sgd"], 2, outcome=lambda setting, seed: "diverged"),
        "long names": lambda: make_study([f"my_company.optimizers.experimental:Sophisticated{n}" for n in "ab"], 3),
    }[kind]()
    path = write(study, tmp_path, title="Optimizers compared", pages=PAGES, targets=[]).web
    if kind == "nothing finished":
        reader.page.goto(path.absolute().as_uri())
        expect(reader.page.locator(".lead")).to_contain_text("No run was completed")
        return
    reader.open(path)
    reader.point(reader.page.locator(".chart[data-kind=lines] svg").first, 0.6)
    expect(reader.tip.locator("tr")).to_have_count({"one run": 1, "a grid": 6, "long names": 2}[kind])


@pytest.mark.parametrize("reader", ["phone"], indirect=True)
def test_two_studies_side_by_side(reader: Reader, make_study: MakeStudy, tmp_path: Path) -> None:
    before, after = make_study(name="before"), make_study(name="after", alike=True)
    reader.open(compare.write(before, after, tmp_path).web)
    table = reader.page.locator("#differences table").first  # a table a measure
    table.get_by_role("button", name="difference").click()
    values = [float(words.replace("−", "-")) for words in reader.column(table, 5)]
    assert values == sorted(values, reverse=True)
    reader.point(reader.page.locator(".chart[data-kind=intervals] svg"), 0.5, 0.1)
    expect(reader.tip).to_contain_text("n = 10")
