"""Mistakes of the user, told in one line and ended with exit status 2, as opposed to faults of the program."""


class UserError(Exception):
    """A mistake that the user can mend; its text names the key, the value and what is allowed.

    Attributes:
        status: the exit status of the program: 2, or 1 where runs had begun.
    """

    status = 2
