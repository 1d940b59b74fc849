"""Hostile submissions as data: what student code has been seen to try, and what must come of it.

`QUESTIONS` are bodies of functions that try to reach what they must not, and return something true where
they could; all of them run in one notebook. `works_open` tells that the same code succeeds without a
sandbox. `SUBMISSIONS` are notebooks of their own: code, where it stands, and the outcomes expected.
Names between at signs, such as @TCP@, are filled with what the test has set up on the host.
"""

from dataclasses import dataclass, field

PASSED, FAILED, ERROR, TIMEOUT, KILLED = "PASSED", "FAILED", "ERROR", "TIMEOUT", "KILLED"


@dataclass(frozen=True)
class Question:
    """One attempt to reach something; `lines` are the kinds of attack that it stands for."""

    lines: tuple[int, ...]
    body: str
    works_open: bool = True


def _syscall(number, *arguments):
    return f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
return libc.syscall({number}, {", ".join(map(str, arguments)) or 0}) >= 0
"""


QUESTIONS = {
    # --- 7, 8, 28: what lies on the host ---------------------------------------------------------
    "reads_gradebook": Question((7,), "return open('@FOLDER@/gradebook.db').read()"),
    "writes_gradebook": Question((7,), "return open('@FOLDER@/gradebook.db', 'a').write('')==0"),
    "searches_gradebook_upwards": Question(
        (7, 8),
        """
import os
wanted = ("gradebook.db", "nbgrader_config.py", "svd.ipynb", "private.json", "holdout")
for place, folders, names in os.walk("/"):
    folders[:] = [] if place in ("/proc", "/sys") else folders
    for name in names + folders:
        if name in wanted or "autograder" in name or "nbgrader" in name:
            return place
""",
        works_open=False,
    ),
    "imports_checks": Question((8,), "import autograder.checks; return True"),
    "imports_nbgrader": Question((8,), "import nbgrader; return True"),
    "lists_course": Question((8,), "import os; return os.listdir('@COURSE@')"),
    "takes_all_asynchronous_requests": Question(
        (39,), _syscall(206, 60_000, "ctypes.byref(ctypes.c_ulong(0))")
    ),
    "copies_a_descriptor_of_another_process": Question(
        (49,),
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
handle = libc.syscall(434, 1, 0)
return any(libc.syscall(438, handle, number, 0) >= 0 for number in range(64))
""",
        works_open=False,
    ),
    "reads_history": Question(
        (8,),
        "return any('run_' + 'check' in str(s) or 'HIDDEN' + ' TESTS' in str(s) for s in get_ipython().user_ns['In'])",
        works_open=False,
    ),
    "reads_frames": Question(
        (8, 32),
        """
import sys
frame = sys._getframe()
while frame:
    if "autograder" in frame.f_code.co_filename or "run_" + "check" in frame.f_code.co_names:
        return True
    frame = frame.f_back
""",
        works_open=False,
    ),
    "reads_sources": Question(
        (8,),
        """
import linecache, sys
if any("autograder" in str(name) for name in (*linecache.cache, *sys.modules)):
    return True
""",
        works_open=False,
    ),
    "reads_objects": Question(
        (8, 32),
        """
import gc
words = ("holdout", "baseline_rmse", "expected_", "run_" + "check")
for found in gc.get_objects():
    if type(found) is dict and any(type(k) is str and k in words for k in list(found)[:500]):
        return True
""",
        works_open=False,
    ),
    "reads_environment": Question((28,), "import os; return '@COURSE@' in str(os.environ)"),
    "reads_environment_of_all": Question(
        (28,),
        """
import glob
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        if b"@COURSE@" in open(path, "rb").read():
            return True
    except OSError:
        pass
""",
    ),
    "host_name": Question((28,), "import socket; return socket.gethostname() == '@HOST@'"),
    "users": Question((28,), "return 'root' in open('/etc/passwd').read()"),
    "hashes_of_passwords": Question((28,), "return open('/etc/shadow').read()"),
    "homes": Question(
        (28,),
        """
import os, pathlib
places = ["/root", "/home", "/mnt", "/media", "/srv", "/var", "/work", "/sys", "/boot", "/run"]
return [p for p in places if os.path.isdir(p) and set(os.listdir(p)) - {"student", "kernel", "connection.json"}]
""",
    ),
    "kernel_log": Question((28,), "return open('/dev/kmsg').read(1)", works_open=False),
    "syslog_call": Question((28,), _syscall(103, 10, 0, 0)),
    "other_processes": Question(
        (28, 29),
        """
import os
commands = [open(f"/proc/{p}/comm").read() for p in os.listdir("/proc") if p.isdigit()]
return len(commands) > 4
""",
    ),
    "open_descriptors": Question(
        (28, 34),
        """
import os
for process in ("self", "1"):
    for name in os.listdir(f"/proc/{process}/fd"):
        try:
            target = os.readlink(f"/proc/{process}/fd/{name}")
        except OSError:
            continue
        if target.startswith("/") and target != "/dev/null" or "memfd" in target:
            return target
""",
        works_open=False,
    ),
    # --- 29: other processes ---------------------------------------------------------------------
    "finds_the_victim": Question((29,), "import os; os.kill(@PID@, 0); return True"),
    "reads_victims_memory": Question((29,), "return open('/proc/@PID@/mem', 'rb')"),
    "traces_init": Question((29,), _syscall(101, 16, 1, 0, 0), works_open=False),
    "reads_memory_of_init": Question((29,), _syscall(310, 1, 0, 0, 0, 0, 0), works_open=False),
    "tcp": Question(
        (16,), "import socket; socket.create_connection(('127.0.0.1', @TCP@), 2); return True"
    ),
    "tcp6": Question(
        (16,), "import socket; socket.create_connection(('::1', @TCP6@), 2); return True"
    ),
    "udp": Question(
        (16,),
        """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"leak", ("127.0.0.1", @UDP@))
return any(name != "lo" for _, name in socket.if_nameindex())
""",
    ),
    "dns": Question(
        (16,), "import socket; return socket.getaddrinfo('example.com', 80)", works_open=False
    ),
    "metadata_address": Question(
        (16,),
        "import socket; socket.create_connection(('169.254.169.254', 80), 1); return True",
        works_open=False,
    ),
    "unix_socket": Question(
        (16,),
        "import socket; socket.socket(socket.AF_UNIX).connect('@FOLDER@/socket'); return True",
    ),
    "abstract_socket": Question(
        (16,),
        "import socket; socket.socket(socket.AF_UNIX).connect('\\0@MARKER@'); return True",
    ),
    "vsock": Question((16,), "import socket; socket.socket(40, socket.SOCK_STREAM); return True"),
    "kernel_crypto": Question((16,), "import socket; socket.socket(38, 5); return True", False),
    "packets": Question((16,), "import socket; socket.socket(17, socket.SOCK_RAW); return True"),
    "interfaces": Question((16,), "import socket; return len(socket.if_nameindex()) > 1"),
    # --- 21, 31: files that are given ------------------------------------------------------------
    "rewrites_ratings": Question(
        (21,),
        """
import os
path = os.path.join(os.environ["MOVIELENS_DIR"], "u.data")
text = open(path).read()
open(path, "w").write(text)
return True
""",
    ),
    "replaces_ratings": Question(
        (21,),
        """
import os
path = os.path.join(os.environ["MOVIELENS_DIR"], "u.data")
os.rename(path, path + "2")
os.rename(path + "2", path)
return True
""",
    ),
    "chmods_ratings": Question(
        (21,), "import os; os.chmod(os.environ['MOVIELENS_DIR'] + '/u.data', 0o644); return True"
    ),
    "changes_a_package": Question(
        (20, 31), "import numpy; open(numpy.__file__, 'a').close(); return True"
    ),
    "changes_the_interpreter": Question(
        (20, 31), "import os; open(os.__file__, 'a').close(); return True"
    ),
    "makes_files_anywhere": Question(
        (31,),
        """
import os
for place in ("/", "/usr", "/etc", "/opt", "/run", "/dev", "/data", "/opt/packages", "/opt/python", "/@FOLDER@"):
    try:
        open(os.path.join(place, "@MARKER@"), "w").close()
        return place
    except OSError:
        pass
""",
        works_open=False,
    ),
    "remounts": Question(
        (31,),
        """
import ctypes, numpy, os
libc = ctypes.CDLL(None, use_errno=True)
for place in ("/", "/usr", "/opt/python", os.path.dirname(numpy.__file__), "/data/ml-100k/u.data"):
    if libc.mount(b"none", place.encode(), None, 32 | 4096, None) == 0:
        return place
""",
        works_open=False,
    ),
    "mounts": Question(
        (31,),
        "import ctypes; return ctypes.CDLL(None).mount(b't', b'/tmp', b'tmpfs', 0, None) == 0",
        works_open=False,
    ),
    "unmounts": Question(
        (31,),
        "import ctypes; return any(ctypes.CDLL(None).umount2(p, 2) == 0 for p in (b'/proc', b'/dev', b'/opt/packages/numpy', b'/data/ml-100k/u.data'))",
        works_open=False,
    ),
    "changes_root": Question((31,), "import os; os.chroot('/tmp'); return True", False),
    "makes_device_nodes": Question(
        (31,), "import os; os.mknod('/tmp/disk', 0o60666, os.makedev(254, 0)); return True", False
    ),
    "makes_a_user_namespace": Question(
        (31,),
        """
import ctypes
libc = ctypes.CDLL(None)
return [n for n in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000) if libc.unshare(n) == 0]
""",
        works_open=False,
    ),
    "becomes_root": Question((31,), "import os; os.setuid(0); return True"),
    "runs_setuid_programs": Question(
        (31,),
        """
import subprocess
for command in (["mount", "-t", "tmpfs", "t", "/tmp"], ["su", "-c", "true"], ["sudo", "-n", "true"]):
    try:
        if subprocess.run(command, capture_output=True, timeout=5, stdin=subprocess.DEVNULL).returncode == 0:
            return command
    except OSError:
        pass
""",
        works_open=False,
    ),
    "writes_settings_of_the_machine": Question(
        (31,),
        """
import os
for place, folders, names in os.walk("/proc"):
    folders[:] = [n for n in folders if not n.isdigit() and n not in ("self", "thread-self", "net")]
    for name in names:
        try:
            with open(os.path.join(place, name), "r+"):
                return name
        except OSError:
            pass
""",
    ),
    "presses_sysrq": Question((31,), "return open('/proc/sysrq-trigger', 'w')", False),
    "has_capabilities": Question(
        (31,),
        "return any(int(l.split()[1], 16) for l in open('/proc/self/status') if l.startswith('Cap'))",
    ),
    "gets_priority": Question((14, 29), "import os; os.nice(-5); return True"),
    "raises_its_limits": Question(
        (14,),
        """
import resource
for what in (resource.RLIMIT_DATA, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_MEMLOCK):
    soft, hard = resource.getrlimit(what)
    if hard == -1:
        return what
    try:
        resource.setrlimit(what, (hard, hard + 1))
        return what
    except (ValueError, OSError):
        pass
""",
    ),
    "swallows_host_memory": Question(
        (33,), "import os; os.close(os.memfd_create('hoard')); return True"
    ),
    "shared_memory_of_system_v": Question((33,), _syscall(29, 0, 4096, 0o1600)),
    "message_queues": Question((33,), _syscall(68, 0, 0o1600)),
    "splices_pages": Question((33,), _syscall(278, -1, 0, 0, 0), works_open=False),
    "key_ring": Question((28, 33), _syscall(250, 0, -1, 1), works_open=False),
    "watches_of_the_host": Question((14,), _syscall(294, 0)),
    "performance_counters": Question((29,), _syscall(298, 0, 0, -1, -1, 0), works_open=False),
    "programs_for_the_kernel": Question((29,), _syscall(321, 0, 0, 0), works_open=False),
    "rings_of_io": Question((33,), _syscall(425, 1, 0), works_open=False),
    "thirty_two_bit_calls": Question(
        (31, 33),
        """
import os, mmap, ctypes, signal
child = os.fork()
if child == 0:
    code = mmap.mmap(-1, 4096, prot=7)
    code.write(bytes.fromhex("b814000000cd80c3"))  # getpid by the call gate of i386
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    os._exit(7 if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0 else 8)
return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
""",
        works_open=False,
    ),
}

# --- 27: what a reader's browser would run --------------------------------------------------------

SHOWS_SCRIPTS = """
from IPython.display import HTML, SVG, Javascript, Markdown, display
display(HTML("<script>steal()</script>"), Javascript("steal()"), Markdown("[x](javascript:steal())"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='steal()'></svg>"))
display({"application/vnd.jupyter.widget-view+json": {"model_id": "steal"}}, raw=True)
display({"text/plain": "fine", "text/html": "<img src=x onerror=steal()>"}, raw=True)
print("\\x1b]8;;javascript:steal()\\x07click\\x1b]8;;\\x07 \\x1b[2J")
"""


@dataclass(frozen=True)
class Hostile:
    """A submission of its own.

    Parameters
    ----------
    lines : kinds of attack.
    code : hostile code.
    after : grade_id of the cell that it stands behind; None is the very first place.
    form : "solution" or "release", what the rest of the notebook is.
    replaced : sources of other cells, by grade_id.
    outcomes : what is expected of each check that is judged, or a set of what may come where two limits guard the
        same; an exercise that is not PASSED earns 0.
    until : the last check that is judged.
    limits : what differs from the usual limits of these tests.
    seconds : wall time that it may take.
    what : word of the sentence about a limit; empty where more than one may win.
    """

    lines: tuple[int, ...]
    code: str
    outcomes: dict
    after: str | None = None
    form: str = "solution"
    replaced: dict = field(default_factory=dict)
    until: str | None = None
    limits: dict = field(default_factory=dict)
    seconds: float = 30
    what: str = ""


def _all(outcome):
    names = ("svd-block", "svd-factors", "svd-complete", "svd-rank")
    return dict.fromkeys(names, outcome)


def _only(check, outcome):
    return {**_all(PASSED), check: outcome}


def _first(outcome):
    return {"until": "svd-block", "outcomes": {"svd-block": outcome}}


def _forged(text, values, outcome=FAILED):
    """Every answer that the kernel gives to a question is this one; right values never arrive."""
    code = """
kernel = get_ipython().kernel
original = type(kernel.session).send
def send(self, stream, kind, content=None, parent=None, **k):
    if kind == "desk_reply":
        content, k["buffers"] = {"text": TEXT}, VALUES
    return original(self, stream, kind, content, parent, **k)
type(kernel.session).send = send
"""
    return Hostile((30,), code.replace("TEXT", text).replace("VALUES", values), **_first(outcome))


def _lost(outcome, *, code, lines, **rest):
    """The second exercise meets its end; the first is kept, the third is judged as if nothing had been."""
    outcomes = {"svd-block": PASSED, "svd-factors": outcome, "svd-complete": PASSED}
    return Hostile(lines, code, outcomes, "blank-svd-factors", until="svd-complete", **rest)


FAKE = """
class Fake(dict):
    __eq__ = __ge__ = __le__ = __lt__ = __gt__ = __contains__ = lambda *a: True
    __sub__ = __rsub__ = __mul__ = __rmul__ = __abs__ = __round__ = lambda self, *a: self
    __float__ = lambda self: 0.0
    __int__ = __len__ = __hash__ = lambda self: 8
    __bool__ = lambda self: True
    __iter__ = lambda self: iter([])
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __array__(self, *a, **k):
        import numpy as np
        return np.zeros((8, 8))
"""
SUBCLASSES = """
import numpy as np, pandas as pd
class Frame(pd.DataFrame):
    shape = property(lambda self: (8, 8))
    def equals(self, other): return True
    def __eq__(self, other): return self
    def to_numpy(self, *a, **k): return np.zeros((8, 8)).view(Array)
    values = property(to_numpy)
class Array(np.ndarray):
    def __array_ufunc__(self, *a, **k): return np.bool_(True)
    def __array_function__(self, *a, **k): return True
R_block = Frame({1: [1.0]})
"""
SUBMISSIONS = {
    # --- 1, 18, 19: the notebook itself is edited in test_hostile.py -------------------------------
    # --- 2-5, 12: the kernel is patched; the blanks are as released --------------------------------
    "replaces_run_cell": Hostile(
        (2,),
        """
from IPython.core.interactiveshell import ExecutionResult, ExecutionInfo, InteractiveShell
def run(self, *a, **k):
    return ExecutionResult(ExecutionInfo("", False, False, False, None))
async def run_async(self, *a, **k):
    return run(self)
InteractiveShell.run_cell, InteractiveShell.run_cell_async = run, run_async
type(get_ipython()).run_cell, type(get_ipython()).run_cell_async = run, run_async
""",
        form="release",
        outcomes={"svd-block": FAILED, "svd-factors": FAILED},
        until="svd-factors",
    ),
    "rewrites_what_is_typed": Hostile(
        (3, 4),
        """
import ast
ip = get_ipython()
ip.input_transformers_cleanup.append(lambda lines: ["8.0\\n"])
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Raise(self, node): return ast.Pass()
ip.ast_transformers.append(NoAsserts())
""",
        form="release",
        outcomes={"svd-block": FAILED, "svd-factors": FAILED},
        until="svd-factors",
    ),
    "patches_comparators": Hostile(
        (5,),
        """
import math, numpy as np, pandas as pd, torch, sklearn.metrics
yes = lambda *a, **k: True
math.isclose = np.isclose = np.allclose = np.array_equal = np.testing.assert_allclose = yes
torch.allclose = torch.equal = torch.testing.assert_close = yes
pd.testing.assert_frame_equal = pd.DataFrame.equals = np.testing.assert_array_equal = yes
sklearn.metrics.root_mean_squared_error = sklearn.metrics.mean_squared_error = lambda *a, **k: 0.0
pd.DataFrame.__eq__ = yes
""",
        form="release",
        outcomes={"svd-block": ERROR, "svd-factors": ERROR},
        until="svd-factors",
    ),
    "object_equal_to_everything": Hostile(
        (6,), FAKE + "R_block = R_sparse = Fake()", after="blank-svd-block", **_first(FAILED)
    ),
    "subclass_of_a_frame": Hostile((6,), SUBCLASSES, after="blank-svd-block", **_first(FAILED)),
    "forges_verdicts": Hostile(
        (9,),
        """
import json, os, pickle
from IPython.display import display
class Bomb:
    def __reduce__(self): return (os.system, ("touch @FOLDER@/@MARKER@",))
verdict = {"check": "svd-block", "outcome": "PASSED", "points": 3.0, "bonus": 9}
display({"application/vnd.autograder.verdict+json": verdict, "text/plain": "3.0"}, raw=True)
print(json.dumps(["verdict", verdict])); print("svd-block: passed")
for name in ("results.pkl", "results.json", "verdict.json", ".OTTER_LOG"):
    for place in (".", "/tmp", "/run/kernel"):
        with open(os.path.join(place, name), "wb") as file:
            pickle.dump(Bomb(), file)
R_block = Bomb()
""",
        after="blank-svd-block",
        **_first(FAILED),
    ),
    "silences_errors": Hostile(
        (12,),
        """
import os, sys
ip = get_ipython()
ip.showtraceback = lambda *a, **k: None
ip.set_custom_exc((BaseException,), lambda *a, **k: None)
sys.excepthook = lambda *a: None
sys.stdout = sys.stderr = None
for descriptor in (0, 1, 2):
    os.close(descriptor)
""",
        form="release",
        outcomes={"svd-block": TIMEOUT, "svd-factors": ERROR},
        until="svd-factors",
        limits={"cell_seconds": 3},
    ),
    "right_answer_without_streams": Hostile(
        (12,),
        "import os, sys\nfor d in (0, 1, 2):\n    os.close(d)\nsys.excepthook = None",
        outcomes=_all(PASSED),
    ),
    # --- 10, 11: ends of the kernel ----------------------------------------------------------------
    "exits": _lost(KILLED, lines=(10,), code="import os; os._exit(0)"),
    "aborts": _lost(KILLED, lines=(10,), code="import os; os.abort()"),
    "segfaults": _lost(KILLED, lines=(10,), code="import ctypes; ctypes.string_at(0)"),
    "kills_itself_and_all": _lost(
        KILLED,
        lines=(10, 29),
        code="import os\ntry: os.kill(-1, 9)\nexcept OSError: pass\nos.kill(os.getpid(), 9)",
    ),
    "quits": Hostile((11,), "quit()\nexit()", after="blank-svd-factors", outcomes=_all(PASSED)),
    "raises_what_ends_programs": Hostile(
        (11,),
        "raise SystemExit",
        after="blank-svd-block",
        replaced={
            "blank-svd-complete": "import sys\nsys.exit(0)",
            "blank-svd-factors": "raise KeyboardInterrupt",
            "blank-svd-rank": "class Mine(BaseException): pass\nraise Mine",
        },
        outcomes={**_all(ERROR), "svd-block": PASSED},
    ),
    # --- 13: time ------------------------------------------------------------------------------------
    "loops": _lost(TIMEOUT, lines=(13,), code="while True: pass", limits={"cell_seconds": 3}),
    "loops_and_swallows_interrupts": _lost(
        TIMEOUT,
        lines=(13,),
        code="""
import signal
for number in range(1, 65):
    try: signal.signal(number, lambda *a: None)
    except (OSError, ValueError): pass
while True:
    try:
        while True: pass
    except BaseException: pass
""",
        limits={"cell_seconds": 3},
    ),
    "loops_in_repr": _lost(
        TIMEOUT,
        lines=(13,),
        code="class Slow:\n    def __repr__(self):\n        while True: pass\nSlow()",
        limits={"cell_seconds": 3},
    ),
    "loops_in_del_and_atexit": _lost(
        KILLED,
        lines=(13,),
        code="""
import atexit, os, sys
class Slow:
    def __del__(self):
        while True: pass
def forever():
    while True: pass
atexit.register(forever)
keep = Slow()
os.kill(os.getpid(), 15)
import time; time.sleep(.5); quit(); os.abort()
""",
        limits={"cell_seconds": 3},
    ),
    "loops_in_an_answer": Hostile(
        (13,),
        "def rank_error(*a):\n    while True: pass\nrank_errors = [0.0] * 8",
        after="blank-svd-rank",
        outcomes=_only("svd-rank", TIMEOUT),
        limits={"cell_seconds": 3},
    ),
    "loops_in_a_thread": Hostile(
        (13,),
        """
import threading
def forever():
    while True: pass
for _ in range(2):
    threading.Thread(target=forever, daemon=False).start()
""",
        **_first(PASSED),
        limits={"cell_seconds": 20},
    ),
    "sleeps_just_under_the_limit": Hostile(
        (13,),
        """
import time
get_ipython().events.register("pre_run_cell", lambda info: time.sleep(1.5))
""",
        outcomes={"svd-block": TIMEOUT, "svd-factors": TIMEOUT},
        until="svd-factors",
        limits={"cell_seconds": 3, "notebook_seconds": 6},
    ),
    # --- 14, 33: bombs -------------------------------------------------------------------------------
    "private_memory": _lost(
        ERROR,
        lines=(14,),
        code="hoard = []\nwhile True: hoard.append(bytearray(20_000_000))",
        replaced={"blank-svd-factors": "del R_block"},
    ),
    "shared_memory": _lost(
        KILLED,
        lines=(33,),
        code="""
import mmap
hoard = []
while True:
    hoard.append(mmap.mmap(-1, 100_000_000))
    for place in range(0, 100_000_000, 4096): hoard[-1][place] = 1
""",
        what="memory",
    ),
    # --- 37, 38, 39: what no process shows. On the first edition the first took twice the limit, and the second 2 million locks.
    "shared_memory_that_is_given_up": _lost(
        KILLED,
        lines=(37,),
        code="""
import mmap
hoard = []
while True:
    hoard.append(mmap.mmap(-1, 50_000_000))
    hoard[-1].write(bytes(50_000_000))
    hoard[-1].madvise(mmap.MADV_DONTNEED)
""",
        what="memory",
    ),
    "memory_of_dev_zero": _lost(
        KILLED,
        lines=(37,),
        code="""
import mmap
hoard, zero = [], open("/dev/zero", "r+b")
while True:
    hoard.append(mmap.mmap(zero.fileno(), 50_000_000))
    hoard[-1].write(bytes(50_000_000))
    hoard[-1].madvise(mmap.MADV_DONTNEED)
""",
        what="memory",
    ),
    "locks_on_files": _lost(
        KILLED,
        lines=(38,),
        code="""
import fcntl
file = open("/tmp/locked", "w+b")
for place in range(0, 10**9, 2): fcntl.lockf(file, fcntl.LOCK_EX, 1, place)
""",
        what="locks",
    ),
    "memory_of_many_processes": _lost(
        KILLED,
        lines=(14, 33),
        code="""
import os, time
for _ in range(20):
    if os.fork() == 0:
        hoard = bytearray(300_000_000)
        for place in range(0, len(hoard), 4096): hoard[place] = 1
        time.sleep(60)
time.sleep(60)
""",
        what="memory",
    ),
    "memory_behind_a_dead_leader": _lost(
        KILLED,
        lines=(14, 33),
        code="""
import ctypes, os, threading, time
def hoard():
    pages = bytearray(400_000_000)
    for place in range(0, len(pages), 4096): pages[place] = 1
    time.sleep(60)
for _ in range(6):
    if os.fork() == 0:
        threading.Thread(target=hoard).start()
        time.sleep(.1)
        ctypes.CDLL(None).syscall(60, 0)  # ends this thread alone: its process has no memory to show
time.sleep(60)
""",
        what="memory",
    ),
    "memory_in_sockets": _lost(
        KILLED,
        lines=(14, 33),
        code="""
import socket, time
hoard = []
for _ in range(400):
    hoard += socket.socketpair()
    for each in hoard[-2:]:
        each.setblocking(False)
        try:
            while True: each.send(bytes(100_000))
        except BlockingIOError: pass
time.sleep(60)
""",
        what="memory",
    ),
    "memory_in_page_tables": _lost(
        KILLED,
        lines=(14, 33),
        code="""
import ctypes, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
start = libc.mmap(None, 1 << 40, 1, 0x4022, -1, 0)
libc.madvise(start, 1 << 40, 15)
for place in range(start, start + (1 << 40), 1 << 21): ctypes.c_char.from_address(place).value
time.sleep(60)
""",
        what="memory",
    ),
    "processes": _lost(
        KILLED,
        lines=(14,),
        code="import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        limits={"processes": 64},
    ),
    "processes_of_a_shell": _lost(
        KILLED,
        lines=(14,),
        code="""
import subprocess, time
subprocess.Popen(["sh", "-c", "b() { b | b & }; b"], start_new_session=True); time.sleep(60)
""",
        limits={"processes": 64},
    ),
    "threads": _lost(
        KILLED,
        lines=(14,),
        code="""
import threading, time
threading.stack_size(65536)
while True:
    try: threading.Thread(target=time.sleep, args=(60,)).start()
    except RuntimeError: time.sleep(.1)
""",
        what="processes",
    ),
    "descriptors": Hostile(
        (14,),
        "",
        replaced={"blank-svd-factors": "import os\nhoard = [os.dup(0) for _ in range(10**6)]"},
        until="svd-factors",
        outcomes={"svd-block": PASSED, "svd-factors": ERROR},
    ),
    "disk": _lost(
        ERROR,
        lines=(14,),
        code="",
        replaced={
            "blank-svd-factors": """
import itertools, os
for place in ("/home/student", "/tmp", "/dev/shm", "/run/kernel"):
    with open(f"{place}/@MARKER@", "wb") as file:
        for _ in range(500):
            try: file.write(bytes(10**6))
            except OSError as error: full = error
            try: file.flush()
            except OSError as error: full = error
raise full
"""
        },
    ),
    "inodes": _lost(
        KILLED,
        lines=(14,),
        code="""
import os
for number in range(10**7): os.link("/tmp/a", f"/tmp/{number}") if number else open("/tmp/a", "w")
""",
        what="files",
    ),
    # --- 15: output ----------------------------------------------------------------------------------
    # Kept in the kernel until they are sent: a MemoryError in this cell, which is an extra one, costs nothing.
    "gigabytes_of_text": _lost(
        {KILLED, PASSED}, lines=(15,), code="while True: print('x' * 1_000_000)"
    ),
    "a_million_outputs": _lost(
        KILLED,
        lines=(15,),
        code="from IPython.display import display\nfor n in range(10**6): display(n)",
        what="output",
    ),
    "one_huge_picture": _lost(
        KILLED,
        lines=(15,),
        code="""
from IPython.display import display
import time
display({"image/png": "A" * 60_000_000}, raw=True); time.sleep(60)
""",
        what="output",
    ),
    "endless_updates": _lost(
        KILLED,
        lines=(15,),
        code="""
from IPython.display import display
handle = display("x", display_id=True)
while True: handle.update("y")
""",
        what="output",
    ),
    "spam_of_comms": _lost(
        KILLED,
        lines=(15,),
        code="""
from comm import create_comm
each = create_comm("spam")
while True: each.send("x" * 1000)
""",
        what="output",
    ),
    "deeply_nested_output": Hostile(
        (15,),
        """
from IPython.display import display
deep = {}
for _ in range(900): deep = {"a": deep}
display({"text/plain": "deep"}, metadata=deep, raw=True)
display({"text/plain": deep, "image/png": [deep], "application/json": deep}, raw=True)
print("\\ud800")
get_ipython().display_pub.publish({"text/plain": float("nan")}, metadata={"n": 10**6000 if False else 1e308 * 10})
""",
        outcomes=_all(PASSED),
    ),
    # --- 17: what outlives -----------------------------------------------------------------------------
    "daemon": Hostile(
        (17,),
        """
import os, signal, subprocess, sys
code = "import os, time\\nfor _ in range(600): time.sleep(.1); open('/tmp/@MARKER@', 'w') # @MARKER@"
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 30):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            os.execv(sys.executable, [sys.executable, "-c", code])
        os._exit(0)
""",
        outcomes=_all(PASSED),
    ),
    # --- 20: modules beside the notebook -----------------------------------------------------------------
    "fake_modules": Hostile(
        (20,),
        """
import os, sys
text = "def __getattr__(name): return lambda *a, **k: True\\n"
for name in ("numpy", "pandas", "torch", "sitecustomize", "usercustomize", "conftest", "json"):
    open(name + ".py", "w").write(text)
open("evil.pth", "w").write("import os; os._exit(0)")
open("ipython_config.py", "w").write("import os; os._exit(0)")
for name in ("numpy", "pandas"):
    for loaded in [m for m in sys.modules if m.split(".")[0] == name]: del sys.modules[loaded]
sys.path.insert(0, os.getcwd())
import numpy, pandas
""",
        form="release",
        **{"until": "svd-factors", "outcomes": {"svd-block": ERROR, "svd-factors": ERROR}},
    ),
    # --- 30, 34: the protocol ------------------------------------------------------------------------------
    "forges_a_value": _forged('"V"', '[(3).to_bytes(8, "little") + b"1.0"]'),
    "forges_garbage": _forged('"V"', '[b"garbage"]'),
    "forges_no_value": _forged('"V"', "[]"),
    "forges_many_values": _forged('"V"', '[b""] * 10**5'),
    "forges_no_text": _forged('{"V": 1}', "[]"),
    "forges_a_value_above_the_limit": _forged('"V"', "[bytes(97 * 2**20)]", KILLED),
    "forges_replies_from_a_thread": Hostile(
        (30,),
        """
import time
kernel = get_ipython().kernel
reply = {"status": "ok", "execution_count": 1, "payload": [], "text": "V"}
value = [(3).to_bytes(8, "little") + b"1.0"]
def forge(ident, parent):
    kernel.session.send(kernel.shell_stream.socket, "desk_reply", reply, parent=parent, ident=ident, buffers=value)
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent)
def serve(frames):
    ident, frames = kernel.session.feed_identities(frames)
    forge(ident, kernel.session.deserialize(frames))
kernel.shell_stream.on_recv(serve)  # from now on another thread is the kernel
forge(kernel._parent_ident["shell"], kernel.get_parent("shell"))
while True: time.sleep(1)
""",
        form="release",
        outcomes={"svd-block": FAILED},
        until="svd-block",
        seconds=20,
    ),
    "forges_a_parent": Hostile(
        (30,),
        """
kernel = get_ipython().kernel
original = type(kernel.session).send
def send(self, stream, kind, content=None, parent=None, **k):
    for bad in ([], "x", None, {"msg_id": {}}, {"msg_id": ["x"] * 10}):
        original(self, stream, kind, content, parent=None, header={"msg_id": "1", "msg_type": kind, "session": bad}, **k)
    return original(self, stream, kind, content, parent=parent, **k)
type(kernel.session).send = send
""",
        outcomes=_all(PASSED),
    ),
    "sends_garbage": Hostile(
        (30, 34),
        """
kernel = get_ipython().kernel
original = type(kernel.session).send
def send(self, stream, kind, *a, **k):
    socket = getattr(stream, "socket", stream)
    try:
        for frames in ([b"x"], [b"<IDS|MSG>"], [b"<IDS|MSG>", b""] + [b"{"] * 4, [b"<IDS|MSG>", b""] + [b"[" * 100000] * 4, [b"\\xff"] * 300):
            socket.send_multipart(frames)
    except Exception: pass
    return original(self, stream, kind, *a, **k)
type(kernel.session).send = send
""",
        outcomes=_all(PASSED),
    ),
    "endless_frames": _lost(
        KILLED,
        lines=(34,),
        code="""
import os, socket
ends = []
for name in os.listdir("/proc/self/fd"):
    try:
        end = socket.socket(fileno=os.dup(int(name)))
        if str(end.getsockname()).startswith("/run/kernel/s-") and not end.getsockopt(1, 30):
            ends.append(end)
    except OSError: pass
frame = b"\\x03" + (10**6).to_bytes(8, "big") + bytes(10**6)  # ZMTP: long, and more follows
while True:
    for end in ends:
        end.setblocking(True)
        end.sendall(frame)
""",
        limits={"warden_mib": 1500},
        seconds=60,
    ),
    # --- 43, 44: what is parsed holds up everything beside it. On the first edition the first took three times the memory.
    "floods_replies_and_hoards": _lost(
        KILLED,
        lines=(44,),
        code="""
import threading
kernel = get_ipython().kernel
flood = b"[" + b"[]," * 7_000_000 + b"[]]"
frames = [*kernel._parent_ident["shell"], b"<IDS|MSG>", b"", flood, b"{}", b"{}", b"{}"]
def send():
    while True: kernel.shell_stream.socket.send_multipart(frames)
threading.Thread(target=send, daemon=True).start()
hoard = []
while True: hoard.append(bytearray(b"x" * 20_000_000))
""",
        seconds=12,
    ),
    "a_reply_of_many_parts": _lost(
        KILLED,
        lines=(43,),
        code="""
import time
kernel = get_ipython().kernel
part = bytes(80_000_000)
kernel.shell_stream.socket.send_multipart([*kernel._parent_ident["shell"], *[part] * 6])
time.sleep(60)
""",
        seconds=20,
    ),
    # --- 55: memory of the system's that no process shows. On the first edition neither met a limit.
    "mappings_without_end": _lost(
        {KILLED, PASSED},
        lines=(55,),
        code="""
import mmap, os, time
for _ in range(24):
    if os.fork() == 0:
        hoard = []
        try:
            while True: hoard.append((mmap.mmap(-1, 4096, prot=1), mmap.mmap(-1, 4096, prot=3)))
        except OSError: time.sleep(4)
        os._exit(0)
time.sleep(4)
""",
    ),
    "absent_names_without_end": _lost(
        {KILLED, TIMEOUT},
        lines=(55,),
        code="""
import os
number = 0
while True:
    number += 1
    os.path.exists(f"/tmp/{number:0200}")
""",
        limits={"cell_seconds": 6},
    ),
    "hangs_up": _lost(
        KILLED,
        lines=(30, 34),
        code="""
import os, socket, time
for name in os.listdir("/proc/self/fd"):
    try:
        end = socket.socket(fileno=os.dup(int(name)))
        if str(end.getsockname()).startswith("/run/kernel/s-"): end.shutdown(2)
    except OSError: pass
time.sleep(60)
""",
    ),
    "dies_when_asked": _lost(
        KILLED,
        lines=(10, 30),
        code="""
import os, sys
desk = type(sys.modules["desk"].desk)
desk.fetch = desk.evaluate = lambda self, *a: os._exit(0)
""",
    ),
    "replaces_sockets_by_links": Hostile(
        (34,),
        """
import os
for name in os.listdir("/run/kernel"):
    os.unlink(f"/run/kernel/{name}")
    os.symlink("@FOLDER@/socket", f"/run/kernel/{name}")
""",
        outcomes=_all(PASSED),
    ),
    # --- 35: damage ------------------------------------------------------------------------------------------
    "damages_what_was_given": Hostile(
        (35,),
        "",
        after=None,
        replaced={
            "blank-svd-block": """
ratings.drop(ratings.index, inplace=True)
movies.drop(movies.index, inplace=True)
user_ids.clear(); movie_ids.clear()
R_block = None
"""
        },
        outcomes=_only("svd-block", FAILED),
    ),
    "damages_the_libraries": Hostile(
        (35,),
        "",
        replaced={
            "blank-svd-block": """
import numpy as np, pandas as pd, random, torch
zero = lambda *a, **k: 0
np.linalg.svd = np.sqrt = np.diag = np.mean = np.argwhere = zero
svd = zero
pd.DataFrame.fillna = pd.DataFrame.where = pd.Series.mean = pd.concat = zero
np.random.seed = random.seed = np.random.default_rng = zero
random.setstate((3, (1,) * 624 + (624,), None))
torch.set_default_dtype(torch.float16); torch.set_grad_enabled(False)
torch.Tensor.__add__ = torch.Tensor.backward = torch.nn.Linear.forward = zero
pd.options.mode.copy_on_write = True
R_block = None
"""
        },
        outcomes=_only("svd-block", FAILED),
    ),
}

# --- 42: a check has the time of one cell ---------------------------------------------------------------
SUBMISSIONS |= {
    "stalls_each_question_of_a_check": Hostile(
        (42,),
        """
import sys, time
desk = type(sys.modules["desk"].desk)
original = desk.evaluate
desk.evaluate = lambda self, *a: time.sleep(3) or original(self, *a)
""",
        after="blank-svd-factors",
        outcomes={"svd-block": PASSED, "svd-factors": TIMEOUT},
        until="svd-factors",
        limits={"cell_seconds": 5},
    ),
}

# --- 2-6, 12: the same tricks against a check that runs in the student's own process ------------------

STOCK_TEST = """
import numpy as np
expected = np.arange(64.0).reshape(8, 8)
assert np.allclose(R_block, expected), "R_block is wrong"
assert R_block.shape == (8, 8)
"""
WORKS_IN_STOCK = {
    "replaces_run_cell": SUBMISSIONS["replaces_run_cell"].code,
    "rewrites_what_is_typed": SUBMISSIONS["rewrites_what_is_typed"].code,
    "patches_comparators": """
import numpy as np
np.allclose = lambda *a, **k: True
R_block = np.zeros((8, 8))
""",
    "object_equal_to_everything": FAKE
    + """
class Shape(tuple):
    __eq__ = lambda self, other: True
class Block(Fake):
    shape = Shape()
    def __array_function__(self, *a, **k): return True
R_block = Block()
""",
    "subclass_of_an_array": """
import numpy as np
class Block(np.ndarray):
    shape = (8, 8)
    def __array_function__(self, *a, **k): return True
R_block = np.zeros(1).view(Block)
""",
    "silences_errors": """
get_ipython().run_line_magic = None
from IPython.core.interactiveshell import ExecutionResult
ExecutionResult.success = property(lambda self: True)
""",
}
