"""Passwords taken out of whatever is shown, logged or stored."""

import re

SCHEMES = r"(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle|https?)(?:\+\w+)?"
PASSWORD = r"\w*(?:password|passwd|passphrase|pwd)"
PORT = r"\d{1,5}(?=[/?#\s'\",;:)\]]|$)"
END = r"['\"](?:[\s,;)\]}]|$)"  # a quotation mark that closes what is quoted

SHAPE = r"(?!USER@HOST/NAME\b)"  # how our own messages say what a URI looks like

# What is covered -> what stands in its place. The order matters: each sees what the ones before have left.
RULES = {
    # scheme://user:password@host
    rf"(?<=://){SHAPE}[^/\s]\S*@": "***@",
    # the same with a space in the password, which SQLAlchemy takes as it is
    rf"(?<=://)[^/\s:@\[]+:(?!{PORT})[^\n'\"@/]+@": "***@",
    # its at sign percent-encoded or forgotten: what follows a colon, and is no port, may be a password
    rf"(?<=://)[^/\s:@\[\]]+:(?!{PORT})[^\s'\"]+": "***",
    # a known scheme with other slashes than two, or none: postgresql:user:password@host
    rf"(?i)(?<![\w+])({SCHEMES}:[/\\]*)(?!\*\*\*){SHAPE}[^/\\\s'\"]\S*@": r"\1***@",
    rf"(?i)(?<![\w+])({SCHEMES}:)(?!\*\*\*)[^/\\\s'\":]+:[^\s'\"]+": r"\1***",
    # no scheme at all: user:password@host
    r"(?m)(^|[\s='\"/])[^\s:/='\"@]+:(?!\*\*\*)[^\s/@'\"][^\s'\"]*@(?=[\w\[])": r"\1***@",
    # password=..., in the query of a URI, in an option, or in libpq's own words
    rf"(?i)\b({PASSWORD}(?:=|%3D|\s*=\s*(?=['\"])))('[^']*'|\"[^\"]*\"|(?:(?!{END})[^&\s])+)": r"\1***",
}


def redacted(text: str) -> str:
    """`text` with the user and password of every URI in it covered, malformed ones too, and every `password=`."""
    for pattern, cover in RULES.items():
        text = re.sub(pattern, cover, text)
    return text
