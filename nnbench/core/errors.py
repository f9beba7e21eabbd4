"""Errors that the user can correct, reported in one line without a traceback."""

import errno

# Errors of the operating system that has run out of a resource -> advice to the user. The command itself was correct.
RESOURCE_ERRORS = {
    errno.EMFILE: "allow more open files (`ulimit -n`)",
    errno.ENFILE: "close other programs",
    errno.ENOSPC: "free space on the disk",
    errno.EDQUOT: "free space on the disk",
    errno.EFBIG: "allow larger files (`ulimit -f`)",
    errno.EAGAIN: "allow more processes (`ulimit -u`)",
    errno.ENOMEM: "free memory",
}


class UserError(Exception):
    """Mistake that the user can correct; its text names the key, the value and what is allowed.

    Attributes:
        status: exit status of the program: 2, or 1 if runs had already started.
    """

    status = 2
