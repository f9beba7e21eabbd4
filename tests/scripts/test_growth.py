"""The measurement of how the cost of an epoch grows."""

from pathlib import Path

import pytest

from scripts.benchmarks.growth import AXES, Case, cases, draw, measure


def test_one_axis_is_varied_at_a_time() -> None:
    start = Case()
    for axis, value, case in cases():
        assert getattr(case, axis) == value
        others = set(AXES) - {axis} - ({"batch"} if axis == "points" else set())
        assert all(getattr(case, other) == getattr(start, other) for other in others)
    assert Case(points=300, batch=128).steps == 3


def test_more_work_takes_longer_and_products_are_a_part_of_it() -> None:
    small, wide, batches = (measure(case, seconds=0.02) for case in (Case(), Case(width=512, depth=3), Case(batch=8)))
    assert wide.epoch > 5 * small.epoch
    assert wide.products > 0.3 * wide.epoch
    assert batches.epoch > small.epoch
    assert small.products < small.epoch


def test_the_plot_is_the_same_for_the_same_figures(tmp_path: Path) -> None:
    rows = [(axis, value, 10.0 * value, 3.0 * value) for axis, values in AXES.items() for value in values]
    pictures = []
    for name in ("a.svg", "b.svg"):
        draw(rows, tmp_path / name)
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]
    assert pictures[0].count(b'<g id="axes_') == len(AXES)


@pytest.mark.heavy
def test_the_command_writes_table_and_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from scripts import benchmark

    monkeypatch.setattr("sys.argv", ["benchmark.py", "growth", "--seconds", "0.001", "--folder", str(tmp_path)])
    benchmark.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + sum(map(len, AXES.values()))
    assert len((tmp_path / "growth.csv").read_text().splitlines()) == 1 + sum(map(len, AXES.values()))
    assert (tmp_path / "growth.svg").is_file()
