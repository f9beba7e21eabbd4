"""Pages of other installed packages: found by their entry points; a broken one costs only itself."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.core.installed_pages import installed_pages
from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.outputs.files import write

MakeStudy = Callable[..., Study]
EXAMPLE = (Path(__file__).parents[2] / "docs" / "pages.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", EXAMPLE, re.DOTALL)[0]
ENTRIES = {
    "medians": "my_pages:medians",
    "cover": "my_pages:medians",  # hidden by the cover of nnbench
    "absent": "my_pages:nothing",
    "exits": "my_exits:draw",
    "constant": "my_pages:LIMIT",
    "wordy": "my_pages:wordy",
    "pageless": "my_pages:pageless",
    "twice": "my_pages:twice",
    "Not-a-name": "my_pages:medians",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path with the package of the documentation, as pip would install it."""
    folder = tmp_path / "installed"
    (folder / "my_pages-1.0.dist-info").mkdir(parents=True)
    (folder / "my_pages-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: my-pages\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in ENTRIES.items()]
    (folder / "my_pages-1.0.dist-info/entry_points.txt").write_text("\n".join(["[nnbench.pages]", *lines, ""]))
    (folder / "my_pages.py").write_text(
        f"{CODE}\n\nLIMIT = 3\n\n\ndef wordy(section, findings, options):\n    return 'words'\n"
        "\n\ndef pageless(section, findings, options):\n    return pd.DataFrame()\n"
        "\n\ndef twice(section, findings, options):\n    section.page('one')\n    section.page('two')\n"
    )
    (folder / "my_exits.py").write_text("import os\n\nos._exit(7)\n")
    monkeypatch.syspath_prepend(str(folder))
    installed_pages.cache_clear()
    yield folder
    monkeypatch.undo()
    installed_pages.cache_clear()
    for module in ("my_pages", "my_exits"):
        sys.modules.pop(module, None)


def test_names_of_installed_pages(installed: Path) -> None:
    assert {"medians", "cover", "loss"} <= set(figures.names())
    assert "Not-a-name" not in figures.names()
    assert figures.names().count("cover") == 1
    assert figures.load("cover").__module__ == "nnbench.report.pages.cover"


def test_the_page_of_the_documentation_and_broken_ones(installed: Path, make_study: MakeStudy, tmp_path: Path) -> None:
    broken = ["absent", "exits", "constant", "wordy", "pageless", "twice"]
    study = make_study(["adam", "sgd"], 3, boundaries=False)
    report = write(study, tmp_path / "report", title="t", pages=["cover", "medians", *broken], targets=[])
    table = pd.read_csv(report.csvs["medians"])
    values = study.runs.groupby("setting")["test/accuracy"].median()
    assert table.set_index("setting")["median"].to_dict() == pytest.approx(values.to_dict())
    assert "has the best median" in report.web.read_text()
    reasons = dict(report.missing)
    assert list(reasons) == broken
    assert "my_pages:nothing cannot be imported: AttributeError" in reasons["absent"]
    assert re.search(r"my_exits:draw cannot be imported: SystemExit: os._exit\(7\) \(.*my_exits.py:3\)", reasons["exits"])
    assert "my_pages:LIMIT is no function" in reasons["constant"]
    assert "my_pages:wordy returned str; must be a pandas.DataFrame" in reasons["wordy"]
    assert "must call `section.page`" in reasons["pageless"]
    assert "`section.page` is called once" in reasons["twice"]
    assert "my_exits.py" in report.log.read_text()


def test_a_config_names_an_installed_page(installed: Path, config: Callable[..., Config]) -> None:
    assert config("report.pages=[cover,medians]").report.pages == ["cover", "medians"]
    with pytest.raises(UserError, match=r"report\.pages=median: no such page; must be one of .*, medians, "):
        config("report.pages=[median]")
