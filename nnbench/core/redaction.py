"""Removal of passwords from text that is shown, logged or stored."""

import re
from functools import lru_cache

SCHEMES = r"(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle|https?)(?:\+\w+)?"
PASSWORD = r"\w*(?:password|passwd|passphrase|pwd)"
PORT = r"\d{1,5}(?=[/?#\s'\",;:)\]]|$)"
END = r"['\"](?:[\s,;)\]}]|$)"  # a closing quotation mark

SHAPE = r"(?!USER@HOST/NAME\b)"  # the placeholder of nnbench's own messages

# Pattern -> replacement. The order matters: each is applied to the result of the ones before.
RULES = {
    # scheme://user:password@host
    rf"(?<=://){SHAPE}[^/\s]\S*@": "***@",
    # the same with a space in the password, which SQLAlchemy accepts
    rf"(?<=://)[^/\s:@\[]+:(?!{PORT})[^\n'\"@/]+@": "***@",
    # the @ percent-encoded or missing: a text after a colon that is not a port may be a password
    rf"(?<=://)[^/\s:@\[\]]+:(?!{PORT})[^\s'\"]+": "***",
    # a known scheme with other slashes than two, or none: postgresql:user:password@host
    rf"(?i)(?<![\w+])({SCHEMES}:[/\\]*)(?!\*\*\*){SHAPE}[^/\\\s'\"]\S*@": r"\1***@",
    rf"(?i)(?<![\w+])({SCHEMES}:)(?!\*\*\*)[^/\\\s'\":]+:[^\s'\"]+": r"\1***",
    # no scheme at all: user:password@host
    r"(?m)(^|[\s='\"/])[^\s:/='\"@]+:(?!\*\*\*)[^\s/@'\"][^\s'\"]*@(?=[\w\[])": r"\1***@",
    # password=..., in the query of a URI, in an option, or in a connection string of libpq
    rf"(?i)\b({PASSWORD}(?:=|%3D|\s*=\s*(?=['\"])))('[^']*'|\"[^\"]*\"|(?:(?!{END})[^&\s])+)": r"\1***",
}

MARKS = ":", "=", "%3"  # every pattern needs one of them
CACHED = 300  # characters; longer texts, such as tracebacks, are not repeated


def redacted(text: str) -> str:
    """Replace user and password in all URIs, malformed ones included, and the value of every `password=`, by `***`."""
    if not any(mark in text for mark in MARKS):  # most stored texts have none, and are checked ten times as fast
        return text
    return _apply_rules(text) if len(text) > CACHED else _redacted_short(text)


def _apply_rules(text: str) -> str:
    for pattern, replacement in RULES.items():
        text = re.sub(pattern, replacement, text)
    return text


_redacted_short = lru_cache(maxsize=1024)(_apply_rules)  # the runs of a sweep share most of their texts
