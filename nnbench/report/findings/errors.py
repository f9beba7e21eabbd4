"""Error of a page whose data the study lacks."""


class NoDataError(Exception):
    """Raised if the study lacks the data of a page; the message completes "Not shown because"."""
