"""`autograder doctor` ends in findings, whatever is broken."""

import errno
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder import doctor
from autograder.cli import main
from autograder.errors import GradingError
from autograder.sandbox import isolation


def found(name, course):
    return {finding.name: finding for finding in doctor.told(name, course)}


@pytest.fixture
def fake_bwrap(tmp_path, monkeypatch):
    """A function that puts another program in bubblewrap's place: it says a line and fails."""

    def install(line):
        program = tmp_path / "bwrap"
        program.write_text(f"#!/bin/sh\necho {line!r} >&2\nexit 1\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(isolation, "find_bwrap", lambda: str(program))
        monkeypatch.setattr(
            isolation, "may_drop_root", lambda *packages: False
        )  # no other user reaches it

    return install


def test_a_machine_without_namespaces_is_told_in_a_sentence(fake_bwrap):
    fake_bwrap("bwrap: setting up uid map: Permission denied")
    [finding] = doctor.told("sandbox", doctor.look_at_sandbox)
    assert not finding.is_well
    assert "setting up uid map: Permission denied" in finding.seen
    assert "--sandbox none" in finding.seen


def test_a_python_whose_library_is_missing_inside_is_told_by_the_librarys_name(monkeypatch):
    missing = "/nowhere/python"
    real = isolation.seal
    monkeypatch.setattr(
        isolation,
        "seal",
        lambda *given: _with_command(real(*given), ("/bin/sh", "-c", _loader_fails(missing))),
    )
    [finding] = doctor.told("sandbox", doctor.look_at_sandbox)
    assert not finding.is_well
    assert "needs libpython3.99.so.1.0" in finding.seen


def _loader_fails(program):
    words = (
        "error while loading shared libraries: libpython3.99.so.1.0: cannot open shared object file"
    )
    return f"echo '{program}: {words}: No such file or directory' >&2; exit 127"


def _with_command(sealed, command):
    return isolation.Sealed(sealed.bwrap, sealed.mounts, sealed.contents, command, sealed.user)


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only file system")],
)
def test_a_folder_that_cannot_be_written_is_told_with_the_way_out(
    monkeypatch, tmp_path, number, said
):
    def refuse(**options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(doctor.tempfile, "NamedTemporaryFile", refuse)
    findings = list(doctor.look_at_places(tmp_path))
    assert [finding.is_well for finding in findings] == [False] * 3
    assert all(said in finding.seen and finding.way_out for finding in findings)
    assert "HOME" in findings[1].way_out


def test_a_home_that_does_not_exist_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    home = {finding.name: finding for finding in doctor.look_at_places(tmp_path)}["home folder"]
    assert not home.is_well
    assert "No such file" in home.seen


@pytest.mark.parametrize("error", [ImportError("torch is broken"), RuntimeError("x"), OSError("y")])
def test_whatever_breaks_is_a_finding_and_the_next_look_follows(monkeypatch, tmp_path, error):
    def broken():
        raise error
        yield

    for name in ("look_at_device", "look_at_sandbox"):
        monkeypatch.setattr(doctor, name, broken)
    result = CliRunner().invoke(main, ["--course", str(tmp_path), "doctor"])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert type(error).__name__ in result.output
    assert "gradebook" in result.output


def test_a_sandbox_that_cannot_be_made_stops_grading_in_a_sentence(fake_bwrap):
    from autograder.sandbox.inspection import check_sandbox

    fake_bwrap("bwrap: No permissions to create new namespace")
    with pytest.raises(GradingError, match="cannot be isolated.*No permissions"):
        check_sandbox()


def test_the_course_folder_is_looked_at(tmp_path):
    names = [finding.name for finding in doctor.look_at_places(Path(tmp_path))]
    assert names == ["course folder", "home folder", "temporary folder"]
