"""Parser of the command lines that Hydra does not parse, with an error message of one line."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import NoReturn

from nnbench.core.errors import UserError


class OneLineErrorParser(ArgumentParser):
    """Argument parser that raises `UserError` instead of printing its usage and exiting."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help lists all options")


def port_number(text: str) -> int:
    """Parse a port."""
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text}: must be a whole number from 0 to 65535")
    return int(text)
