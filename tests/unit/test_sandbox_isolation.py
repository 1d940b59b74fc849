"""The sandbox, asked from inside: what it shows, what it refuses, and what it allows."""

import json
import os
import platform
import re
import struct
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import GradingError
from autograder.grading.outcomes import KILLED, TIMEOUT
from autograder.sandbox import groups, isolation
from autograder.sandbox.kernel import KernelGone, open_kernel
from autograder.sandbox.limits import MIB, Limits

LIMITS = Limits(
    **{"cell_seconds": 20, "start_seconds": 30, "memory_mib": 800, "processes": 90},
    **{"disk_mib": 32, "files": 500, "cell_output_mib": 2},
)
HIDDEN = "/usr/share/doc"
DATA = {"u.data": b"1\t2\t3\t4\n", "u.item": b"1|A\n"}


@pytest.fixture(scope="module")
def kernel():
    kernel = open_kernel(LIMITS, DATA, (HIDDEN,))
    yield kernel
    kernel.close()


@pytest.fixture
def own_kernel():
    kernel = open_kernel(LIMITS, DATA)
    yield kernel
    kernel.close()


def said(kernel, source, seconds=20):
    """What a cell prints, as JSON."""
    ran = kernel.run(f"import json, os, ctypes\n{source}", seconds)
    assert ran.error is None, ran.outputs
    return json.loads("".join(output["text"] for output in ran.outputs))


def raised(kernel, source):
    """Class of the error that a cell raises."""
    return kernel.run(source, 20).error


# --- Rights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", ["self", "1"])
def test_no_process_has_a_capability_and_all_are_filtered(kernel, process):
    status = said(
        kernel,
        f"print(json.dumps(dict(l.split(':', 1) for l in open('/proc/{process}/status') if ':' in l)))",
    )
    sets = [status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
    assert set(sets) == {"0" * 16}
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"


def test_its_user_is_nobody_in_particular(kernel):
    assert said(kernel, "print(json.dumps([os.getuid(), os.getgid(), os.uname().nodename]))") == [
        *(1000, 1000, "sandbox")
    ]


@pytest.mark.parametrize(
    "call",
    [
        'mount(None, b"/usr", None, 32 | 4096, None)',
        'mount(None, b"/data/ml-100k/u.data", None, 32 | 4096, None)',
        'mount(b"t", b"/tmp", b"tmpfs", 0, None)',
        'umount2(b"/proc/sys", 2)',
        'umount2(b"/data/ml-100k/u.data", 2)',
        'chroot(b"/tmp")',
        "unshare(0x10000000)",
        "unshare(0x20000)",
        'sethostname(b"x", 1)',
        "setuid(0)",
        "nice(-1)",
    ],
)
def test_libc_call_fails(kernel, call):
    assert said(kernel, f"print(ctypes.CDLL(None, use_errno=True).{call})") == -1


@pytest.mark.skipif(platform.machine() not in isolation.CALLS, reason="no filter for this machine")
def test_each_listed_call_is_refused(kernel):
    calls = isolation.CALLS[platform.machine()]
    found = said(
        kernel,
        f"""
libc = ctypes.CDLL(None, use_errno=True)
found = {{}}
for call in {calls!r}:
    ctypes.set_errno(0)
    found[call] = [libc.syscall(call, -1, -1, -1, -1, -1), ctypes.get_errno()]
print(json.dumps(found))
""",
    )
    assert found == {str(call): [-1, 1] for call in calls}


@pytest.mark.parametrize("family", range(46))
def test_only_sockets_that_namespaces_part_can_be_made(kernel, family):
    libc = "ctypes.CDLL(None, use_errno=True)"
    errno = said(
        kernel,
        f"made = {libc}.socket({family}, 3 if {family} == 16 else 1, 0)\nprint(0 if made >= 0 else ctypes.get_errno())",
    )
    assert (errno == 1) == (family not in isolation.FAMILIES)


def answer(program, machine, call, argument=0, fields=None):
    """Run a filter: what it answers to a system call."""
    fields = {0: call, 4: machine, 16: argument} | (fields or {})
    lines = list(struct.iter_unpack("HBBI", program))
    place = loaded = 0
    while True:
        code, if_true, if_false, value = lines[place]
        if code == isolation.RETURN:
            return value
        if code == isolation.LOAD:
            loaded = fields[value]
            place += 1
            continue
        holds = {
            isolation.IS_EQUAL: loaded == value,
            isolation.IS_AT_LEAST: loaded >= value,
            isolation.HAS_ANY: bool(loaded & value),
        }[code]
        place += 1 + (if_true if holds else if_false)


@pytest.mark.parametrize("machine", isolation.CALLS)
def test_the_filter_refuses_what_is_listed_and_nothing_else(machine):
    program, arch = isolation.seccomp_filter(machine), isolation.AUDIT_ARCH[machine]
    listed, socket = set(isolation.CALLS[machine]), isolation.SOCKET[machine]
    for call in set(range(600)) - {socket}:
        expected = isolation.REFUSE if call in listed else isolation.ALLOW
        assert answer(program, arch, call) == expected
    for family in range(50):
        expected = isolation.ALLOW if family in isolation.FAMILIES else isolation.REFUSE
        assert answer(program, arch, socket, family) == expected
    assert answer(program, arch, isolation.X32_BIT + 1) == isolation.KILL
    assert answer(program, 0x40000003, 1) == isolation.KILL


def test_the_lists_of_calls_name_the_same_things():
    assert len(isolation.CALLS["x86_64"]) == len(isolation.CALLS["aarch64"]) + 1  # inotify_init


# --- What is seen -------------------------------------------------------------------------------------


def test_its_first_environment_is_the_stated_one(kernel):
    text = said(kernel, "print(json.dumps(open('/proc/self/environ').read()))")
    found = dict(pair.split("=", 1) for pair in text.split("\0") if pair)
    assert found.pop("PWD", isolation.HOME) == isolation.HOME
    libraries = {"LD_LIBRARY_PATH": isolation.LIBRARIES} if isolation.library_mounts() else {}
    assert found == isolation.environment(LIMITS) | libraries


def test_the_command_lines_hold_no_path_of_the_host(kernel):
    text = said(
        kernel,
        "print(json.dumps([open(f'/proc/{p}/cmdline').read() + open(f'/proc/{p}/environ').read() for p in os.listdir('/proc') if p.isdigit()]))",
    )
    assert str(Path(__file__).parents[2]) not in str(text)


def test_every_mount_is_read_only_but_the_stated_ones(kernel):
    lines = said(kernel, "print(json.dumps(open('/proc/self/mountinfo').read().splitlines()))")
    writable = {line.split()[4] for line in lines if "rw" in line.split()[5].split(",")}
    nodes = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")}
    gpus = set(isolation._gpu_nodes())
    assert writable <= {*isolation.WRITABLE, "/proc", "/dev/pts", *nodes, *gpus}
    assert writable >= set(isolation.WRITABLE)


@pytest.mark.parametrize("place", isolation.WRITABLE)
def test_a_writable_place_has_the_stated_size(kernel, place):
    size = said(kernel, f"s = os.statvfs({place!r}); print(s.f_blocks * s.f_frsize)")
    assert size == isolation.writable_places(LIMITS)[place]


@pytest.mark.parametrize(
    "place", ["/", "/usr", "/etc", "/opt", "/opt/packages", "/run", "/dev", "/data", "/home"]
)
def test_nothing_can_be_made_in(kernel, place):
    assert raised(kernel, f"open({place!r} + '/new', 'w')") == "OSError"


def test_the_data_are_what_was_given_and_cannot_be_changed(kernel):
    path = f"{isolation.DATA}/u.data"
    assert said(kernel, f"print(json.dumps(open({path!r}).read()))") == DATA["u.data"].decode()
    for attempt in (
        f"open({path!r}, 'a')",
        f"os.remove({path!r})",
        f"os.rename({path!r}, {path!r} + '2')",
        f"os.chmod({path!r}, 0o777)",
        f"os.truncate({path!r}, 0)",
    ):
        assert raised(kernel, f"import os\n{attempt}") in ("OSError", "PermissionError")


def test_proc_shows_processes_and_no_settings(kernel):
    writable, settings = said(
        kernel,
        """
writable = []
for place, folders, names in os.walk("/proc"):
    folders[:] = [n for n in folders if not n.isdigit() and n not in ("self", "thread-self", "net")]
    for name in names:
        try:
            os.close(os.open(os.path.join(place, name), os.O_WRONLY))
            writable.append(os.path.join(place, name))
        except OSError:
            pass
print(json.dumps([writable, os.listdir("/proc/sys")]))
""",
    )
    assert (writable, settings) == ([], [])


def test_there_are_its_own_processes_alone(kernel):
    names = said(
        kernel,
        "print(json.dumps([open(f'/proc/{p}/comm').read().strip() for p in os.listdir('/proc') if p.isdigit()]))",
    )
    assert len(names) == 2
    assert "bwrap" in names


def test_the_network_is_its_own_loop(kernel):
    assert said(kernel, "import socket; print(json.dumps(socket.if_nameindex()))") == [[1, "lo"]]


def test_no_descriptor_leads_to_a_file_of_the_host(kernel):
    found = said(
        kernel,
        """
found = set()
for process in ("self", "1"):
    for name in os.listdir(f"/proc/{process}/fd"):
        try: found.add(os.readlink(f"/proc/{process}/fd/{name}").split(":")[0])
        except OSError: pass
print(json.dumps(sorted(found)))
""",
    )
    assert set(found) <= {"/dev/null", "anon_inode", "pipe", "socket", f"/proc/{2}/fd"}


@pytest.mark.skipif(not Path(HIDDEN).is_dir(), reason="there is nothing to hide")
def test_a_hidden_path_is_empty(kernel):
    assert said(kernel, f"print(json.dumps(os.listdir({HIDDEN!r})))") == []


@pytest.mark.parametrize("name", ["autograder", "nbgrader"])
def test_the_grader_cannot_be_imported(kernel, name):
    assert raised(kernel, f"import {name}") == "ModuleNotFoundError"


@pytest.mark.parametrize("name", ["ipywidgets", "scipy", "networkx", "requests", "bs4"])
def test_what_the_environment_of_students_has_can_be_imported(kernel, name):
    assert raised(kernel, f"import {name}") is None
    assert name in isolation.modules()


def test_progress_bars_of_notebooks_work(kernel):
    assert raised(kernel, "from tqdm.notebook import tqdm\nfor _ in tqdm(range(3)): pass") is None


def test_a_distribution_that_an_instructor_adds_is_there_with_what_it_requires():
    assert "rapidfuzz" not in isolation.modules()
    kernel = open_kernel(LIMITS, DATA, packages=("RapidFuzz",))
    try:
        assert raised(kernel, "import rapidfuzz.fuzz") is None
    finally:
        kernel.close()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no-such-thing", "'no-such-thing', which is not installed here"),
        ("", "'', which is not installed here"),
        ("nbgrader", "nbgrader, which student code must not see"),
        ("Latent_Factor.Course", "which student code must not see"),
    ],
)
def test_a_distribution_that_cannot_be_added_is_refused_in_a_sentence(name, sentence):
    with pytest.raises(GradingError, match=re.escape(sentence)):
        isolation.distributions((name,))


def test_another_interpreter_inside_is_refused(monkeypatch):
    monkeypatch.setattr("autograder.sandbox.kernel.own_identity", lambda: "3.99.0 (main)\nother")
    with pytest.raises(GradingError, match=r"another Python.*instead of 3\.99\.0 \(main\)"):
        open_kernel(LIMITS, DATA)


# --- Limits -----------------------------------------------------------------------------------------


def test_limits_of_processes_are_set_and_cannot_be_raised(kernel):
    found = said(
        kernel,
        "import resource\nprint(json.dumps({n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith('RLIMIT_')}))",
    )
    for name, value in isolation._rlimits(LIMITS).items():
        assert found[name] == [value, value]
    code = "import resource\nresource.setrlimit(resource.RLIMIT_DATA, (2**40, 2**40))"
    assert raised(kernel, code) == "ValueError"


def test_a_kernel_at_rest_uses_little(kernel):
    usage = kernel.sandbox.usage()
    assert usage.memory < 250 * MIB
    assert usage.processes < 40
    assert usage.files < 100
    assert usage.excess(LIMITS) is None


@pytest.mark.skipif(not groups.parents(), reason="no control group can be made here")
def test_its_processes_are_in_groups_of_their_own_which_go_with_it():
    kernel = open_kernel(LIMITS, DATA)
    places = kernel.sandbox._group.places
    members = [(place / "cgroup.procs").read_text().split() for place in places]
    kernel.close()
    assert all(str(kernel.sandbox.pid) in pids for pids in members)
    assert not any(place.exists() for place in places)


@pytest.mark.skipif(not groups.parents(), reason="no control group can be made here")
def test_a_swarm_that_is_gone_already_still_counts(own_kernel):
    group = own_kernel.sandbox._group
    assert not group.was_full
    assert own_kernel.sandbox.usage().processes <= LIMITS.processes
    own_kernel._watchdog.stop()
    swarm = "sleepers = []\ntry:\n    for _ in range(200): sleepers.append(subprocess.Popen(['sleep', '9']))\n"
    swarm += "except OSError: pass\nfor each in sleepers: each.kill(); each.wait()"
    own_kernel.run(f"import subprocess\n{swarm}", 20)
    assert len(own_kernel.sandbox._processes()) < LIMITS.processes
    assert group.was_full
    assert own_kernel.sandbox.usage().excess(LIMITS) == "processes"


WATCHED = {
    "memory": """
import mmap
hoard = []
while True:
    hoard.append(mmap.mmap(-1, 20_000_000))
    for place in range(0, 20_000_000, 4096): hoard[-1][place] = 1
""",
    "processes": "while True:\n    os.fork() or time.sleep(60)",
    "files": "for n in range(10**6): open(f'/tmp/{n}', 'w').close()",
}


@pytest.mark.parametrize("excess", WATCHED)
def test_the_watchdog_ends_a_kernel_that_nobody_talks_to(own_kernel, excess):
    code = f"import os, subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import os, time\\ntime.sleep(.5)\\n' + {WATCHED[excess]!r}])"
    own_kernel.run(code, 20)
    deadline = time.monotonic() + 20
    while own_kernel.sandbox.is_alive and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(KernelGone) as gone:
        own_kernel.run("1", 20)
    assert (gone.value.ending, gone.value.what) == (KILLED, excess)


def test_processor_time_counts_all_processes():
    kernel = open_kernel(replace(LIMITS, cpu_seconds=3), DATA)
    try:
        with pytest.raises(KernelGone) as gone:
            kernel.run("import os\nfor _ in range(3): os.fork()\nwhile True: pass", 30)
        assert (gone.value.ending, gone.value.what) == (KILLED, "processor time")
    finally:
        kernel.close()


def test_a_message_beyond_the_limit_ends_it_at_once(own_kernel):
    start = time.monotonic()
    with pytest.raises(KernelGone) as gone:
        own_kernel.run("print('x' * 10_000_000)\nimport time; time.sleep(15)", 20)
    assert (gone.value.ending, gone.value.what) == (KILLED, "output")
    assert time.monotonic() - start < 10


def test_a_loop_ends_at_the_time_limit_and_leaves_no_process(own_kernel):
    start = time.monotonic()
    with pytest.raises(KernelGone) as gone:
        own_kernel.run("import os\nos.fork()\nwhile True: pass", 1)
    assert gone.value.ending == TIMEOUT
    assert time.monotonic() - start < 5
    inside = own_kernel.sandbox._processes()
    assert len(inside) >= 2
    own_kernel.sandbox.end()
    deadline = time.monotonic() + 10
    while own_kernel.sandbox.is_alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert own_kernel.sandbox._processes() == []


def test_quitting_ends_nothing(own_kernel):
    assert own_kernel.run("quit()\nexit()", 10).error is None
    assert said(own_kernel, "print(6 * 7)") == 42
    assert os.path.exists(f"/proc/{own_kernel.sandbox.pid}")  # noqa: PTH110
