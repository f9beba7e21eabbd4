"""`nnbench check`: tests of an optimizer's class."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nnbench.cli import entry
from nnbench.cli.arguments import OneLineErrorParser
from nnbench.core.errors import UserError

if TYPE_CHECKING:
    from nnbench.config.schema import Config

DESCRIPTION = """\
Test an optimizer: shapes, in-place update, reset, dtype, descent, order of layers, determinism.
Prints one line for each check. Exit status: 0, 1 if a check failed, 2 for a mistake in the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check an optimizer; returns the exit status of `entry.run`, or 1 if a check failed."""
    return entry.run("nnbench check", _check, arguments)


def _check(arguments: list[str]) -> int:
    parser = OneLineErrorParser(prog="nnbench check", description=DESCRIPTION)
    parser.add_argument("optimizer", help="package.module:Class, torch.AdamW, or a short name such as adam")
    parser.add_argument("hyperparameters", nargs="*", metavar="KEY=VALUE", help="hyperparameters other than the defaults")
    options = parser.parse_args(arguments)
    from nnbench.cli.optimizer_checks import Finding, check_optimizer  # not at the top: `--help` needs none of it

    config = _config(options.optimizer, options.hyperparameters)
    passed = works = True
    for finding in check_optimizer(config.optimizer.new_instance()):
        _print(finding)
        passed = passed and finding.ok is not False
        works = works and (finding.ok is not False or finding.name != "shapes")
    if not works:
        print("determinism    not tested, because the check of shapes failed")
        return 1
    from nnbench.sweep.repeatability import unrepeatable

    wrong = next(iter(unrepeatable([config]).values()), "")
    _print(Finding("determinism", not wrong, wrong or "equal seeds give equal runs in two processes"))
    return 0 if passed and not wrong else 1


def _print(finding: Any) -> None:
    from nnbench.core.console import one_line

    verdict = {True: "ok", False: "FAILED", None: "info"}[finding.ok]
    print(one_line(f"{finding.name:13s}  {verdict:6s}  {finding.text}".rstrip()))


def _config(name: str, arguments: Sequence[str]) -> "Config":
    """Return the checked config of a run with this optimizer.

    Raises:
        UserError: the class does not exist, or a hyperparameter is missing, unknown or out of its range.
    """
    import yaml
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from nnbench import optimizers
    from nnbench.config.folder import CONF
    from nnbench.config.named_classes import import_path, is_named_class
    from nnbench.config.validate import parse

    if is_named_class(name):
        name = import_path(name)
    kind = optimizers.find(name)
    given: dict[str, Any] = {}
    for argument in arguments:
        key, sign, value = argument.partition("=")
        if not (key and sign):
            raise UserError(f"{argument}: must be KEY=VALUE, a hyperparameter of {name}")
        try:
            given[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UserError(f"{argument}: the value cannot be read as YAML") from None
        if isinstance(given[key], str):
            with suppress(ValueError):
                given[key] = float(given[key])  # 1e-3, which YAML reads as text
    with initialize_config_dir(str(CONF), version_base="1.3"):
        tree: Any = OmegaConf.to_container(compose("config"), resolve=True)
    # The full name, since runs of the included optimizers are not compared.
    path = name if ":" in name else f"{kind.__module__}:{kind.__qualname__}"
    tree["network"]["hidden"] = [4, 4]  # has a matrix of each role: first, hidden and last
    tree["optimizer"] = {"name": "checked", "algorithm": path, **given}
    return parse(tree)
