"""What the sandbox gives on this machine, tried from the inside: `autograder doctor` shows it.

Each trial is an expression that a kernel in a real sandbox evaluates; what it answers is compared with what
a wall must give. Nothing here is read from a configuration.
"""

from dataclasses import dataclass

from autograder.sandbox.isolation import WRITABLE, environment, may_drop_root
from autograder.sandbox.kernel import KernelGone, open_kernel, own_identity
from autograder.sandbox.limits import Limits
from autograder.sandbox.process import refusal

SECONDS = 30
SMALL = Limits(memory_mib=700, processes=80, disk_mib=32, start_seconds=60)

PLACES = (
    "/",
    "/usr",
    "/etc",
    "/opt/packages",
    "/data/ml-100k",
    "/dev",
    "/proc/sys/kernel",
    *WRITABLE,
)

TRIALS = """
import ctypes, os, socket, threading
libc = ctypes.CDLL(None, use_errno=True)

def capabilities():
    lines = open("/proc/self/status").read().split("\\n")
    return " ".join(line.split()[1] for line in lines if line.startswith(("CapEff", "CapPrm", "CapBnd")))

def remount():
    return str(libc.mount(None, b"/usr", None, 32 | 4096, None))

def namespaces():
    return str(libc.unshare(0x10000000))

def network():
    names = [name for _, name in socket.if_nameindex()]
    try:
        socket.create_connection(("1.1.1.1", 53), timeout=2).close()
        names.append("the internet")
    except OSError:
        pass
    return " ".join(names)

def writable():
    found = []
    for place in places:
        try:
            path = os.path.join(place, "trial")
            open(path, "w").close()
            os.unlink(path)
            found.append(place)
        except OSError:
            pass
    return " ".join(found)

def processes():
    stop, count = threading.Event(), 0
    try:
        for count in range(2000):
            threading.Thread(target=stop.wait, args=(20,), daemon=True).start()
    except RuntimeError:
        pass
    stop.set()
    return str(count)

def memfd():
    try:
        os.close(os.memfd_create("trial"))
        return "made"
    except OSError:
        return "refused"

def fill_private():
    held = [bytearray(50 * 2**20) for _ in range(100)]
    return "took " + str(len(held))

def fill_shared():
    import mmap, time
    held = []
    for _ in range(100):
        held.append(mmap.mmap(-1, 50 * 2**20))
        held[-1].write(bytes(50 * 2**20))
        time.sleep(0.02)
    return "took " + str(len(held))
"""


@dataclass(frozen=True)
class Trial:
    """One thing tried: its name, whether the wall held, and what was seen."""

    name: str
    has_held: bool
    seen: str


def try_sandbox():
    """Try what a sandbox must hold off.

    Yields
    ------
    Trial

    Raises
    ------
    GradingError
        Where no sandbox can be made on this machine.
    """
    answers = _answers()
    expected = environment(SMALL)
    yield Trial("capabilities", not answers["capabilities"].strip("0 "), "none in the sandbox")
    yield Trial("remount", answers["remount"] == "-1", "/usr cannot be made writable")
    yield Trial("namespaces", answers["namespaces"] == "-1", "no further user namespace")
    yield Trial("network", answers["network"] == "lo", f"interfaces: {answers['network']}")
    yield Trial(
        "file system",
        set(answers["writable"].split()) == set(WRITABLE),
        f"writable: {answers['writable']}",
    )
    extra = set(answers["environment"].split()) - set(expected) - KERNELS_OWN
    yield Trial("python", True, own_identity().partition("\n")[0])  # else no kernel had started
    yield Trial("environment", not extra, ", ".join(sorted(extra)) or "as stated, nothing more")
    yield Trial("memfd", answers["memfd"] == "refused", answers["memfd"])
    yield _bounded("processes", answers["processes"], SMALL.processes)
    for name in ("fill_private", "fill_shared"):
        kind = name.partition("_")[2]
        seen = answers[name]
        yield Trial(f"{kind} memory", seen in ("MemoryError", "killed"), f"{seen} above the limit")
    seen = "another real user" if may_drop_root() else "this user's own id, without any right"
    yield Trial("user", True, seen)


KERNELS_OWN = {
    *("PWD", "PYDEVD_USE_FRAME_EVAL", "TERM", "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE"),
    *("PAGER", "LD_LIBRARY_PATH", "GIT_PAGER", "JPY_PARENT_PID", "LC_CTYPE", "MKL_NUM_THREADS"),
}
"""Names that the kernel and its packages set themselves."""


def _bounded(name, answer, limit):
    if answer == "killed":
        return Trial(name, True, "killed above the limit")
    return Trial(name, int(answer) <= limit, f"{answer} of at most {limit}")


def _answers():
    """What the trials came to, by name; "killed" where the kernel did not live through one."""
    names = ("capabilities", "remount", "namespaces", "network", "writable", "memfd")
    answers = _ask({name: f"{name}()" for name in names})
    answers |= _ask({"environment": '" ".join(os.environ)'})
    for name in ("processes", "fill_private", "fill_shared"):
        answers |= _ask({name: f"{name}()"})
    return answers


def _ask(expressions):
    answers = {}
    kernel = started_kernel()
    try:
        kernel.run(f"places = {PLACES!r}\n{TRIALS}", SECONDS)
        for name, expression in expressions.items():
            try:
                text, _ = kernel.ask(expression, SECONDS)
                answers[name] = "MemoryError" if text is None else text
            except KernelGone:
                answers[name] = "killed"
    finally:
        kernel.close()
    return answers


def started_kernel(packages=()):
    """A kernel with small limits; raises GradingError, with the way out, where none can be had here."""
    try:
        return open_kernel(SMALL, {}, packages=tuple(packages))
    except KernelGone as end:
        raise refusal(f"a kernel does not start: {end}") from None


def check_sandbox(packages=()):
    """Raise GradingError, with the way out, where no sandbox can be made."""
    started_kernel(packages).close()
