"""Folder of the configuration files."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# Inside the package in a wheel, beside it in a checkout.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"
