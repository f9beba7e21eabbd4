"""Zip files written from their members at once.

`zipfile` writes in many small parts, and takes ten times as long for the small arrays of a run.
"""

import zlib
from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

# The records of a zip file, by the numbers of their sections in PKWARE's APPNOTE.TXT.
LOCAL_HEADER = Struct("<4sHHHHHLLLHH")  # 4.3.7
CENTRAL_HEADER = Struct("<4sHHHHHHLLLHHHHHLL")  # 4.3.12
END = Struct("<4sHHHHLLH")  # 4.3.16
VERSION, STORED, DEFLATED, UTF_8 = 20, 0, 8, 1 << 11
MADE_BY = 3 << 8 | VERSION  # on Unix
TIME, DATE = 0, (1 << 5) + 1  # midnight of 1 January 1980, so that equal members give equal files
MODE = 0o100600 << 16  # a file that its owner may read and write
LARGEST = 2**32 - 1  # bytes of a file, and of a member


class Member(NamedTuple):
    """A file in a zip file.

    Attributes:
        name: its name.
        content: its bytes.
        compressed: whether they are compressed, at the fastest level.
    """

    name: str
    content: bytes
    compressed: bool


def to_zip(members: Iterable[Member]) -> bytes:
    """Return a zip file of some members.

    Raises:
        ValueError: it would exceed `LARGEST`.
    """
    parts: list[bytes] = []
    directory: list[bytes] = []
    position = 0
    for name, content, compressed in members:
        data, method = content, STORED
        if compressed:
            compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
            data, method = compressor.compress(content) + compressor.flush(), DEFLATED
        if max(len(content), position + len(data)) > LARGEST:
            raise ValueError(f"{name}: a zip file of more than {LARGEST} bytes")
        label = name.encode()
        flags, sizes = 0 if name.isascii() else UTF_8, (len(data), len(content), len(label))
        entry = (VERSION, flags, method, TIME, DATE, zlib.crc32(content), *sizes, 0)
        parts += (LOCAL_HEADER.pack(b"PK\3\4", *entry), label, data)
        directory += (CENTRAL_HEADER.pack(b"PK\1\2", MADE_BY, *entry, 0, 0, 0, MODE, position), label)
        position += LOCAL_HEADER.size + len(label) + len(data)
    size, number = sum(map(len, directory)), len(directory) // 2
    return b"".join([*parts, *directory, END.pack(b"PK\5\6", 0, 0, number, number, size, position, 0)])
