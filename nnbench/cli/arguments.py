"""Parsing of the command lines that are not Hydra's; a mistake in one is told in one line."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import NoReturn

from nnbench.core.errors import UserError


class OneLineErrorParser(ArgumentParser):
    """Reads a command line; of a mistake it tells in one line, with no usage before that."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help tells of all there is")


def port_number(text: str) -> int:
    """A port from the command line."""
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text}: must be a whole number from 0 to 65535")
    return int(text)
