"""When a kernel's sockets are spoken to: not before somebody listens there."""

import socket

import pytest

from autograder.sandbox.kernel import _is_open


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "s")


def test_a_socket_is_open_once_somebody_listens(place):
    with socket.socket(socket.AF_UNIX) as server:
        assert not _is_open(place)
        server.bind(place)
        assert not _is_open(place)
        server.listen()
        assert _is_open(place)
    assert not _is_open(place)


def test_what_is_no_socket_is_not_open(tmp_path, place):
    (tmp_path / "s").write_text("")
    assert not _is_open(place)


def test_a_link_is_not_followed(tmp_path, place):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "elsewhere"))
        server.listen()
        (tmp_path / "s").symlink_to(tmp_path / "elsewhere")
        assert not _is_open(place)
