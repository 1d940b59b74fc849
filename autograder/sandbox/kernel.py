"""A submission's kernel, as the warden sees it: the one place that speaks the Jupyter protocol.

Its contract: what a kernel sends is bytes of an adversary. Every wait ends at a time limit, at the death
of the sandbox or at a limit on what was used or sent; and nothing that a kernel
does raises anything else than `KernelGone`. Sockets are connected before student code runs
and never again, so that one which is replaced is never spoken to.
"""

import functools
import os
import re
import socket as sockets
import stat
import time
from dataclasses import dataclass
from importlib.resources import files

import zmq
from jupyter_client.session import DELIM, Session

from autograder.errors import GradingError
from autograder.sandbox.identity import identity
from autograder.sandbox.limits import KILLED, MIB, TIMEOUT
from autograder.sandbox.process import Sandbox, wait_for_death
from autograder.sandbox.watchdog import Watchdog

TICK_SECONDS, DEATH_SECONDS = 0.1, 1.0
"""Between two looks at a kernel, and how long it may take to die after its connections."""
MAX_FRAME = 96 * MIB
SHIPPED = {
    "values": "autograder.checks",
    "probe": "autograder.checks",
    "identity": "autograder.sandbox",
}
"""Modules that run inside, by name, and the packages that they are taken from."""
IDENTITY = '__import__("sys").modules["desk"].desk.identity()'
OTHER_PYTHON = (
    "Student code would run on another Python than the grader's ({inside} instead of {outside}): make the "
    "environment anew with a Python whose libraries are readable here, or with your system's."
)
QUEUE = 32
PARSED_FRAMES = 5
"""Of a message, from its signature to its content; values follow as bytes."""
OUTPUTS = ("stream", "display_data", "execute_result", "error")
LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
MAX_TRACEBACK = 200_000


class KernelGone(Exception):  # noqa: N818  an ending, not a fault of ours
    """The kernel is gone: `ending` is TIMEOUT or KILLED, `what` says of which thing it used too much."""

    def __init__(self, ending, reason, what=""):
        super().__init__(reason)
        self.ending, self.what = ending, what


@dataclass(frozen=True)
class Ran:
    """What running a cell came to: the error that it raised, if any, and what it put out.

    `error` is the name of a class as the kernel gave it, `line` where in the cell, both untrusted.
    """

    error: str | None = None
    line: int | None = None
    outputs: tuple = ()


class Kernel:
    """A kernel in a sandbox.

    Parameters
    ----------
    limits : Limits.
    sandbox : Sandbox, just started.

    Raises
    ------
    KernelGone
        From every method, once the kernel is gone.
    """

    def __init__(self, limits, sandbox):
        self.limits, self.sandbox = limits, sandbox
        self.messages = self.bytes = 0
        self._watchdog = None
        self._context = zmq.Context()
        self._session = Session(key=b"")
        self._shell = self._iopub = None
        self._monitors = []
        try:
            try:
                self._open(time.monotonic() + limits.start_seconds)
            except KernelGone as end:
                raise KernelGone(end.ending, f"{end}{sandbox.last_words()}", end.what) from None
            self._watchdog = Watchdog(sandbox, limits, TICK_SECONDS)
        except BaseException:
            self.close()
            raise

    def close(self):
        """End the kernel and all that belongs to it."""
        if self._watchdog is not None:
            self._watchdog.stop()
        self.sandbox.kill()
        self._context.destroy(linger=0)

    def run(self, source, seconds):
        """Run a cell as a notebook does.

        Returns
        -------
        Ran
        """
        deadline = time.monotonic() + seconds
        message, outputs = self._request(self._cell(source), deadline, is_idle_wanted=True)
        reply = message["content"]
        if reply.get("status") == "ok":
            return Ran(outputs=outputs)
        return Ran(_text(reply.get("ename")), _line_of(reply), outputs)

    def ask(self, expression, seconds, inputs=()):
        """Evaluate an expression silently, with bytes that its desk finds in `inputs`.

        Returns
        -------
        (text, values)
            Text, or None where it raised, and a list of bytes-like parts; all of it untrusted.
        """
        message = self._session.msg("desk_request", {"expression": expression})
        reply, _ = self._request(message, time.monotonic() + seconds, buffers=inputs)
        text = reply["content"].get("text")
        return (text if isinstance(text, str) else None), reply.get("buffers", [])

    # --- Opening ---------------------------------------------------------------------------------

    def _open(self, deadline):
        for channel in ("shell", "iopub"):
            path = self.sandbox.socket(channel)
            while not _is_open(path):
                self._look(deadline)
                time.sleep(0.01)
        self._shell = self._connect(zmq.DEALER, "shell", MAX_FRAME)
        self._iopub = self._connect(zmq.SUB, "iopub", self.limits.cell_output_mib * MIB)
        self._iopub.subscribe(b"")
        while not self._iopub.poll(50):  # a subscription takes a moment: until something arrives
            self._look(deadline)
            self._send(self._session.msg("kernel_info_request"))
        desk = files("autograder.sandbox").joinpath("desk.py").read_text(encoding="utf-8")
        texts = {
            name: files(package).joinpath(f"{name}.py").read_text(encoding="utf-8")
            for name, package in SHIPPED.items()
        }
        setup = f"exec({desk!r}, _opened := {{}})\n_opened['_open'](**{texts!r})\ndel _opened"
        reply, _ = self._request(self._cell(setup, silent=True), deadline)
        if reply["content"].get("status") != "ok":
            said = f"{reply['content'].get('ename')}: {reply['content'].get('evalue')}"[:300]
            raise KernelGone(KILLED, f"the kernel could not be made ready: {said}")
        self._shake_hands(deadline)

    def _shake_hands(self, deadline):
        """Refuse to grade on another interpreter than this one; no student code has run yet."""
        message = self._session.msg("desk_request", {"expression": IDENTITY})
        reply, _ = self._request(message, deadline)
        found, own = reply["content"].get("text"), own_identity()
        if found != own:
            there, here = (str(text).partition("\n")[0] for text in (found, own))
            raise GradingError(OTHER_PYTHON.format(inside=there, outside=here))

    def _connect(self, kind, channel, max_frame):
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDTIMEO, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, max_frame)
        socket.setsockopt(zmq.RCVHWM, QUEUE)
        socket.setsockopt(zmq.RECONNECT_IVL, -1)
        self._monitors.append(socket.get_monitor_socket(zmq.EVENT_DISCONNECTED))
        socket.connect(f"ipc://{self.sandbox.socket(channel)}")
        return socket

    # --- Talking ---------------------------------------------------------------------------------

    def _cell(self, source, silent=False):
        content = {"code": source, "silent": silent, "store_history": not silent}
        content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": False}
        return self._session.msg("execute_request", content)

    def _request(self, message, deadline, is_idle_wanted=False, buffers=()):
        """Send a request; returns the reply and the outputs, once the kernel is idle where that is wanted."""
        self._look(deadline)
        self._send(message, buffers)
        return self._await_reply(message["header"]["msg_id"], deadline, is_idle_wanted)

    def _send(self, message, buffers=()):
        try:
            self._session.send(self._shell, message, buffers=list(buffers))
        except zmq.Again:  # nobody is at the other end
            self._hang_up()

    def _await_reply(self, request, deadline, is_idle_wanted):
        poller = zmq.Poller()
        poller.register(self._shell, zmq.POLLIN)
        poller.register(self._iopub, zmq.POLLIN)
        poller.register(self.sandbox.pidfd, zmq.POLLIN)
        for monitor in self._monitors:
            poller.register(monitor, zmq.POLLIN)
        reply, outputs, is_idle = None, [], not is_idle_wanted
        meters = {self._iopub: _Meter(self), self._shell: _Meter(self)}
        while reply is None or not is_idle:
            self._look(deadline)
            ready = dict(poller.poll(TICK_SECONDS * 1000))
            if not ready.keys().isdisjoint(self._monitors):
                self._hang_up()
            for socket in (self._iopub, self._shell):
                if socket not in ready:
                    continue
                message = self._receive(socket, meters[socket])
                if message is None or message["parent_header"].get("msg_id") != request:
                    continue
                kind, content = message["msg_type"], message["content"]
                if socket is self._shell:
                    reply = message
                elif kind == "status":
                    is_idle = is_idle or content.get("execution_state") == "idle"
                elif kind in OUTPUTS:
                    outputs.append({**content, "output_type": kind})
        return reply, tuple(outputs)

    def _receive(self, socket, meter):
        """A message, or None where it is none that we know; all that is parsed is counted before it is."""
        frames = socket.recv_multipart()
        is_reply = (
            socket is self._shell and DELIM in frames
        )  # its values are bytes behind what is parsed
        parsed = frames[: frames.index(DELIM) + 1 + PARSED_FRAMES] if is_reply else frames
        meter.count(sum(map(len, parsed)))
        try:
            _, frames = self._session.feed_identities(frames)
            message = self._session.deserialize(frames)
        except Exception:  # an adversary's bytes: whatever they break in the parser, they are none
            return None
        parts = (message.get("parent_header"), message.get("content"))
        return message if all(isinstance(part, dict) for part in parts) else None

    def _hang_up(self):
        """Raise KernelGone: a connection ended, with the kernel or by a message larger than may be."""
        if wait_for_death(self.sandbox, DEATH_SECONDS):
            self._look(time.monotonic())
        raise KernelGone(KILLED, "a message was larger than the limit on output", "output")

    def _look(self, deadline):
        """Raise KernelGone where the kernel has died, perhaps of the watchdog, or is out of time."""
        if not self.sandbox.is_alive:
            excess = self._watchdog and self._watchdog.excess
            if excess := excess or ("memory" if self.sandbox.ran_out_of_memory else None):
                raise KernelGone(KILLED, f"the limit on {excess} was reached", excess)
            raise KernelGone(KILLED, "the kernel died")
        if time.monotonic() > deadline:
            raise KernelGone(TIMEOUT, "the time limit was reached")


class _Meter:
    """Counts messages and bytes of one channel for one cell, and the notebook's with them."""

    def __init__(self, kernel):
        self.kernel, self.messages, self.bytes = kernel, 0, 0

    def count(self, size):
        kernel, limits = self.kernel, self.kernel.limits
        self.messages, self.bytes = self.messages + 1, self.bytes + size
        kernel.messages, kernel.bytes = kernel.messages + 1, kernel.bytes + size
        if (
            self.messages > limits.cell_messages
            or self.bytes > limits.cell_output_mib * MIB
            or kernel.messages > limits.notebook_messages
            or kernel.bytes > limits.notebook_output_mib * MIB
        ):
            raise KernelGone(KILLED, "the limit on output was reached", "output")


def open_kernel(limits, data_files, hidden=(), is_isolated=True, packages=()):
    """Start a kernel in a new sandbox.

    Raises
    ------
    KernelGone
        Where it does not start; the reason is that of the loader, or of Python, where they gave one.
    GradingError
        Where no sandbox can be made, or another interpreter than the grader's would run in it.
    """
    return Kernel(limits, Sandbox(limits, data_files, hidden, is_isolated, packages))


@functools.cache
def own_identity() -> str:
    """The interpreter that grades."""
    return identity()


def _is_open(path):
    """Whether somebody listens at a socket: one that is made but not open yet refuses for good, as we ask once."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
        with sockets.socket(sockets.AF_UNIX) as trial:
            trial.settimeout(TICK_SECONDS)
            trial.connect(path)
        return True
    except OSError:
        return False


def _text(value):
    return value if isinstance(value, str) else ""


def _line_of(reply):
    traceback = reply.get("traceback")
    if not isinstance(traceback, list):
        return None
    text = "".join(line for line in traceback if isinstance(line, str))[-MAX_TRACEBACK:]
    found = LINE.findall(re.sub(r"\x1b\[[0-9;]*m", "", text))
    return int(found[-1][:6]) if found else None
