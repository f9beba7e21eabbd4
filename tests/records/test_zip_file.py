"""Zip files are those that `zipfile` reads and writes."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.records import zip_file
from nnbench.records.zip_file import Member, to_zip

NAMES = st.text(st.characters(exclude_categories=["C"], exclude_characters="/\\"), min_size=1, max_size=20)


@given(st.lists(st.builds(Member, NAMES, st.binary(max_size=300), st.booleans()), max_size=6, unique_by=lambda one: one.name))
def test_zipfile_reads_each_member(members: list[Member]) -> None:
    with zipfile.ZipFile(io.BytesIO(to_zip(members))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {one.name: one.content for one in members}
        compressed = [info.compress_type == zipfile.ZIP_DEFLATED for info in archive.infolist()]
    assert compressed == [one.compressed for one in members]


def test_the_bytes_are_those_of_zipfile() -> None:
    members = [Member("label.npy", bytes(1000), compressed=True), Member("größe", b"abc", compressed=False)]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data, compressed in members:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o100600 << 16
            info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            archive.writestr(info, data, compresslevel=1)
    ours = to_zip(members)
    assert len(ours) == len(content.getvalue())
    assert ours == content.getvalue()


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_file, "LARGEST", 100)
    with pytest.raises(ValueError, match=r"b: a zip file of more than 100 bytes"):
        to_zip([Member("a", bytes(50), compressed=False), Member("b", bytes(60), compressed=False)])
