"""The watchdog: ends a sandbox that uses too much, whatever its warden is busy with meanwhile.

A thread of the warden. What student code does while its answers are being read and judged counts as much
as what a cell does.
"""

import threading


class Watchdog:
    """Looks at a sandbox again and again until it is stopped.

    Parameters
    ----------
    sandbox : Sandbox whose processes are all started.
    limits : Limits.
    seconds : between two looks.
    """

    def __init__(self, sandbox, limits, seconds):
        self.excess = None
        self._sandbox, self._limits, self._seconds = sandbox, limits, seconds
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self):
        """Look no more."""
        self._is_over.set()
        self._thread.join()

    def _watch(self):
        try:
            while not self._is_over.wait(self._seconds) and self.excess is None:
                self.excess = self._sandbox.usage().excess(self._limits)
        finally:  # on a fault of ours too: nothing runs unwatched
            if not self._is_over.is_set():
                self._sandbox.end()
