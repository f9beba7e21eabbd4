"""Files are written only below the chosen folder, with the permissions of the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnbench.core.errors import UserError
from nnbench.core.paths import replace_file, safe_subpath
from nnbench.records import export
from nnbench.report.outputs.files import publish_contents, write
from tests.report.conftest import study


@pytest.fixture(params=[0o077, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("name", ["../evil", "/etc", "a/b", "..", ".", "", "a\0b", "-rf", "a\nb", "~", "é" * 200])
def test_a_name_with_a_path_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot name a folder"):
        safe_subpath(tmp_path, name)


@pytest.mark.parametrize("name", ["comparison", "2024", "优化器", "a, b (c)"])
def test_a_plain_name_is_a_folder(name: str, tmp_path: Path) -> None:
    assert safe_subpath(tmp_path, name, "export") == tmp_path / name / "export"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "s").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"results/s: is a link to .*elsewhere"):
        safe_subpath(tmp_path / "results", "s")
    with pytest.raises(UserError, match="is a link"):
        replace_file(tmp_path / "results" / "s" / "report.pdf", b"")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_figures_behind_a_link_are_not_removed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "loss.csv").touch()
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "figures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="figures: is a link to"):
        publish_contents(tmp_path / "s", "s", [], ["loss"])
    with pytest.raises(UserError, match="figures: is a link to"):
        write(study(["adam"], 2, boundaries=False), tmp_path / "s", title="t", pages=["runs"], targets=[])
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["loss.csv"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "disk")
    assert replace_file(safe_subpath(tmp_path / "results", "s") / "report.pdf", b"1").read_bytes() == b"1"


def test_a_link_in_place_of_a_file_is_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / "report.pdf").symlink_to(mine)
    replace_file(tmp_path / "report.pdf", b"new")
    assert mine.read_text() == "mine"
    assert not (tmp_path / "report.pdf").is_symlink()


def test_reports_and_exports_have_the_permissions_of_the_umask(umask: int, tmp_path: Path) -> None:
    made = study(["adam"], 2, boundaries=False)
    write(made, tmp_path / "s", title="t", pages=["runs"], targets=[])
    export.write(made, tmp_path / "s" / "export")
    for path in (tmp_path / "s").rglob("*"):
        usual = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == usual & ~umask, path
