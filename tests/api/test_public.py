"""The public interface: exactly these names, each imported only when it is used, each documented."""

import inspect
import subprocess
import sys
from importlib.resources import files

import pytest

import nnbench

PUBLIC = {
    "Dataset",
    "Distribution",
    "FloatArray",
    "Fraction",
    "History",
    "NonNegative",
    "Optimizer",
    "Points",
    "Positive",
    "Run",
    "Schedule",
    "Share",
    "Splits",
    "Study",
    "Table",
    "UserError",
    "__version__",
    "compare",
    "load_study",
    "run",
    "train",
}


def test_exactly_these_names_are_exported() -> None:
    assert set(nnbench.__all__) == PUBLIC
    assert dir(nnbench) == sorted({*vars(nnbench), *PUBLIC})
    for name in PUBLIC:
        assert getattr(nnbench, name) is not None
    with pytest.raises(AttributeError, match="nope"):
        nnbench.nope  # noqa: B018


def test_importing_the_package_imports_no_other_module_of_it() -> None:
    code = "import sys, nnbench; print(sorted(name for name in sys.modules if name.startswith(('nnbench', 'numpy'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['nnbench']"


def test_the_package_has_a_type_marker() -> None:
    assert files("nnbench").joinpath("py.typed").is_file()


@pytest.mark.parametrize("name", ["compare", "load_study", "run", "train"])
def test_functions_document_every_parameter(name: str) -> None:
    function = getattr(nnbench, name)
    text = inspect.getdoc(function) or ""
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section
    for parameter in inspect.signature(function).parameters:
        assert f"\n{parameter} : " in text or f"\n*{parameter} : " in text, parameter
