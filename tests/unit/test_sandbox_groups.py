"""Control groups count only where a process really enters them, and a limit is really kept."""

import os

import pytest

from autograder.sandbox import groups, isolation
from autograder.sandbox.groups import Group
from autograder.sandbox.kernel import open_kernel
from autograder.sandbox.limits import Limits

SMALL = Limits(memory_mib=700, start_seconds=60)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder that looks like a place for groups, and takes no process."""
    monkeypatch.setattr(groups, "_candidates", lambda: (tmp_path,))
    groups.parents.cache_clear()
    yield tmp_path
    groups.parents.cache_clear()


def test_a_place_that_takes_no_process_is_none(place):
    assert groups.parents() == ()
    assert list(place.iterdir()) == []
    group = Group(processes=10, memory_mib=100)
    assert not group.places
    assert not group.counts_memory


def test_a_real_place_takes_a_process_and_is_left_clean():
    for parent in groups.parents():
        assert not list(parent.glob(f"{groups.PREFIX}-{os.getpid()}-*"))


@pytest.mark.parametrize("text", ["", "max", "9223372036854771712", "no number"])
def test_a_limit_that_was_not_taken_does_not_count(tmp_path, monkeypatch, text):
    monkeypatch.setattr(groups, "parents", lambda: (tmp_path,))
    real = groups.Path.mkdir

    def mkdir(self, *given, **options):
        real(self, *given, **options)
        (self / "memory.max").write_text(text)
        (self / "memory.max").chmod(0o444)

    monkeypatch.setattr(groups.Path, "mkdir", mkdir)
    monkeypatch.setattr(groups, "_write", lambda path, value: None)  # the system takes nothing
    assert not Group(processes=10, memory_mib=100).counts_memory


def test_where_nothing_counts_memory_shared_maps_without_a_file_are_refused(monkeypatch):
    monkeypatch.setattr(groups, "parents", lambda: ())
    kernel = open_kernel(SMALL, {})
    try:
        assert kernel.run("import mmap\nmmap.mmap(-1, 4096)", 20).error == "PermissionError"
        zero = "import mmap\nmmap.mmap(open('/dev/zero', 'r+b').fileno(), 4096)"
        assert kernel.run(zero, 20).error == "OSError"
        private = "mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"
        assert kernel.run(private, 20).error is None
        workers = (
            "import numpy, sqlite3\nsqlite3.connect('/tmp/a.db').execute('create table t (x)')"
        )
        assert kernel.run(workers, 20).error is None
    finally:
        kernel.close()


@pytest.mark.parametrize("machine", isolation.CALLS)
@pytest.mark.parametrize(
    ("flags", "is_refused"),
    [(0x21, True), (0x23, True), (0x22, False), (0x01, False), (0x02, False)],
)
def test_the_filter_reads_the_flags_of_a_map(machine, flags, is_refused):
    from test_sandbox_isolation import answer

    program, arch = isolation.seccomp_filter(machine, False), isolation.AUDIT_ARCH[machine]
    found = answer(program, arch, isolation.MMAP[machine], fields={40: flags})
    assert (found == isolation.REFUSE) == is_refused
    always = isolation.seccomp_filter(machine)
    assert answer(always, arch, isolation.MMAP[machine], fields={40: flags}) == isolation.ALLOW
