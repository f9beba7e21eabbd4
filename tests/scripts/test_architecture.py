"""The graph of the packages: content, order, and that the stored file is up to date."""

from pathlib import Path

import pytest

from scripts import architecture
from scripts.architecture import draw, main, package_imports, reduced, rows

IMPORTS = {
    "top": frozenset({"middle", "side", "bottom"}),
    "middle": frozenset({"bottom"}),
    "side": frozenset[str](),
    "bottom": frozenset[str](),
}


def test_the_stored_drawing_is_up_to_date() -> None:
    assert main(["--check"]) == 0


def test_a_drawing_that_is_out_of_date_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(architecture, "ROOT", tmp_path)
    monkeypatch.setattr(architecture, "IMAGE", tmp_path / "drawn" / "architecture.svg")
    assert main(["--check"]) == 1
    assert "drawn/architecture.svg is out of date: run " in capsys.readouterr().err
    assert main([]) == main(["--check"]) == 0
    with architecture.IMAGE.open("a") as image:
        image.write("\n")
    assert main(["--check"]) == 1


def test_indirect_imports_are_not_drawn() -> None:
    assert reduced(IMPORTS) == IMPORTS | {"top": frozenset({"middle", "side"})}


def test_packages_are_drawn_above_their_imports() -> None:
    assert rows(IMPORTS) == [["top"], ["middle"], ["bottom", "side"]]
    picture = draw(IMPORTS)
    assert picture.count("<line ") == 3
    assert all(f">{name}</text>" in picture for name in IMPORTS)


def test_every_package_is_found() -> None:
    folders = {path.parent.name for path in (architecture.ROOT / "nnbench").glob("*/__init__.py")}
    assert set(package_imports()) == folders | {"hydra_plugins"}
