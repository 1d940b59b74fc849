"""The first thing that runs in a sandbox: limits, where packages are, and then the kernel."""

import json
import os
import resource
import sys


def main():
    """Start the kernel; limits come as JSON, the first argument."""
    for name, value in json.loads(sys.argv[1]).items():
        resource.setrlimit(getattr(resource, name), (value, value))
    sys.path.append("/opt/packages")
    sys.path.insert(0, "")
    sys.argv = ["kernel", "-f", "/run/connection.json", "--HistoryManager.enabled=False"]
    from ipykernel.kernelapp import launch_new_instance

    nowhere = os.open(
        "/dev/null", os.O_RDWR
    )  # until here, what goes wrong is told on standard error
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    launch_new_instance()


if __name__ == "__main__":
    main()
