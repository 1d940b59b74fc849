"""Downloads: checked before they are unpacked, and never half there."""

import hashlib
import http.client
import io
import stat
import urllib.error
import zipfile

import pytest

from autograder.data import download_movielens, verify_movielens
from autograder.data.download import ZIP_URL, extract_members
from autograder.errors import DataError

FILES = {
    "ml-100k/u.data": "1\t1\t5\t881250949\n",
    "ml-100k/u.item": "1|Road (1990)|x\n",
    "ml-100k/docs/README": "a file in a folder of its own\n",
}


def archive(files=FILES, links=()):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
        for name in links:
            member = zipfile.ZipInfo(name)
            member.external_attr = (stat.S_IFLNK | 0o777) << 16
            target.writestr(member, "/etc/passwd")
    return content.getvalue()


def download(target, content, zip_md5=None):
    opener = lambda url: io.BytesIO(content)  # noqa: E731
    return download_movielens(target, opener, zip_md5 or hashlib.md5(content).hexdigest())


def everything_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_good_archive_becomes_a_data_folder_without_the_archives_own_folder(tmp_path):
    target = tmp_path / "data" / "ml-100k"
    assert download(target, archive()) == target
    assert everything_in(target) == ["docs", "docs/README", "u.data", "u.item"]
    assert verify_movielens(target).num_ratings == 1
    assert everything_in(tmp_path / "data") == ["ml-100k"] + [
        f"ml-100k/{name}" for name in everything_in(target)
    ]


def test_the_archive_is_asked_of_its_makers_over_https(tmp_path):
    asked = []

    def opener(url):
        asked.append(url)
        return io.BytesIO(archive())

    download_movielens(tmp_path / "new", opener, hashlib.md5(archive()).hexdigest())
    assert asked == [ZIP_URL]
    assert ZIP_URL.startswith("https://files.grouplens.org/")


def test_an_archive_of_another_md5_is_never_unpacked(tmp_path):
    with pytest.raises(DataError, match="MD5"):
        download(tmp_path / "data" / "ml-100k", archive(), "0" * 32)
    assert everything_in(tmp_path) == []


def test_a_download_that_breaks_off_leaves_nothing(tmp_path):
    whole = archive()
    with pytest.raises(DataError, match="MD5"):
        download(tmp_path / "new", whole[: len(whole) // 2], hashlib.md5(whole).hexdigest())
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize(
    "failure",
    [
        urllib.error.URLError("Name or service not known"),
        TimeoutError("timed out"),
        ConnectionResetError(104, "Connection reset by peer"),
        http.client.IncompleteRead(b""),
    ],
)
def test_without_a_network_the_way_out_is_said_and_nothing_is_left(tmp_path, failure):
    def opener(url):
        raise failure

    with pytest.raises(DataError, match="Cannot fetch .*MOVIELENS_DIR"):
        download_movielens(tmp_path / "data" / "ml-100k", opener)
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["../u.data", "ml-100k/../../u.data", "/etc/u.data", "ml-100k\\..\\u.data", "C:u.data"]
)
def test_a_member_outside_the_archive_stops_everything(tmp_path, name):
    with pytest.raises(DataError, match="not a plain file inside it"):
        download(tmp_path / "inside" / "new", archive({**FILES, name: "x"}))
    assert everything_in(tmp_path) == ["inside"]


def test_a_link_in_the_archive_stops_everything(tmp_path):
    with pytest.raises(DataError, match="not a plain file inside it"):
        download(tmp_path / "new", archive(links=["ml-100k/u.user"]))
    assert everything_in(tmp_path) == []


def test_an_archive_that_would_unpack_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.data.download.MAX_BYTES", 1000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("ml-100k/u.data", "0" * 100_000)
    with pytest.raises(DataError, match="nothing was unpacked"):
        extract_members(bomb.getvalue(), tmp_path)
    assert everything_in(tmp_path) == []


def test_an_answer_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.data.download.MAX_BYTES", 1000)
    with pytest.raises(DataError, match="over 1000 bytes"):
        download(tmp_path / "new", b"0" * 2000)


def test_bytes_that_are_no_archive_are_one_sentence(tmp_path):
    with pytest.raises(DataError, match="cannot be unpacked"):
        download(tmp_path / "new", b"<html>not found</html>")
    assert everything_in(tmp_path) == []


def test_an_archive_without_ratings_is_not_used(tmp_path):
    with pytest.raises(DataError, match=r"no u\.data"):
        download(tmp_path / "new", archive({"ml-100k/README": "x"}))
    assert everything_in(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="Cannot write the folder .*Not a directory"):
        download(tmp_path / "file" / "data" / "ml-100k", archive())


def test_what_is_in_the_way_is_kept(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        download(tmp_path, archive())
    assert everything_in(tmp_path) == ["notes.txt"]


@pytest.mark.real
def test_a_real_set_that_is_there_is_not_fetched_again(real_dir):
    def opener(url):
        raise AssertionError("no download was needed")

    assert download_movielens(real_dir, opener) == real_dir
