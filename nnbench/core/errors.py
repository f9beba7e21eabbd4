"""Mistakes of the user, told in one line and ended with exit status 2, as opposed to faults of the program."""

import errno

# Errors of a system that has run out of something -> what its user can do. They are no mistakes in a command.
RESOURCE_ERRORS = {
    errno.EMFILE: "allow more open files (`ulimit -n`)",
    errno.ENFILE: "close other programs",
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
    errno.EFBIG: "allow larger files (`ulimit -f`)",
    errno.EAGAIN: "allow more processes (`ulimit -u`)",
    errno.ENOMEM: "free memory",
}


class UserError(Exception):
    """A mistake that the user can mend; its text names the key, the value and what is allowed.

    Attributes:
        status: the exit status of the program: 2, or 1 where runs had begun.
    """

    status = 2
