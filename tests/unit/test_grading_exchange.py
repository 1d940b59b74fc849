"""The secret that leads feedback back is read as what a student handed in: with suspicion."""

import os

import pytest

from autograder.grading.exchange import SECRET, read_secret


def test_a_secret_is_read_byte_for_byte(tmp_path):
    (tmp_path / SECRET).write_text("0a1b" * 32)
    assert read_secret(tmp_path) == "0a1b" * 32


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", "비밀".encode(), b"x\n", b"a\x1b[31mb", b"x" * 60_000_000],
    ids=["empty", "no text", "not ASCII", "two lines", "an escape sequence", "60 MB"],
)
def test_what_nbgrader_could_not_release_by_is_no_secret(tmp_path, content):
    (tmp_path / SECRET).write_bytes(content)
    assert read_secret(tmp_path) is None


def test_nothing_but_a_plain_file_is_read(tmp_path):
    (tmp_path / "other").write_text("a-file-of-the-instructor")
    for make in (lambda path: path.symlink_to(tmp_path / "other"), os.mkfifo, os.mkdir):
        folder = tmp_path / make.__name__.strip("<>")
        folder.mkdir()
        make(folder / SECRET)
        assert read_secret(folder) is None
    assert read_secret(tmp_path) is None
