"""Why a sandbox cannot be made: each cause by what bubblewrap or the loader really says, and a machine's settings."""

import pytest

from autograder.sandbox.causes import causes

NAMESPACE = (
    "bwrap: No permissions to create new namespace, likely because the kernel does not allow it"
)
UID_MAP = "bwrap: setting up uid map: Permission denied"
LOOPBACK = "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted"
PROC = "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"
TOO_MANY = "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)"
LIBRARY = (
    "/opt/python/bin/python3.13: error while loading shared libraries: libpython3.13.so.1.0: cannot open shared "
    "object file: No such file or directory"
)
APPARMOR = "proc/sys/kernel/apparmor_restrict_unprivileged_userns"


@pytest.mark.parametrize(
    ("reason", "files", "environment", "told"),
    [
        (UID_MAP, {APPARMOR: "1"}, {}, "apparmor_restrict_unprivileged_userns=0"),
        (LOOPBACK, {APPARMOR: "1"}, {}, "apparmor_restrict_unprivileged_userns=0"),
        (
            NAMESPACE,
            {"proc/sys/kernel/unprivileged_userns_clone": "0"},
            {},
            "unprivileged_userns_clone=1",
        ),
        (TOO_MANY, {"proc/sys/user/max_user_namespaces": "0"}, {}, "max_user_namespaces=10000"),
        (NAMESPACE, {".dockerenv": ""}, {}, "Docker"),
        (PROC, {".dockerenv": ""}, {}, "systempaths=unconfined"),
        (NAMESPACE, {"run/.containerenv": ""}, {}, "Podman"),
        (NAMESPACE, {".dockerenv": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "Kubernetes"),
        (NAMESPACE, {}, {"container": "lxc"}, "(lxc)"),
        (NAMESPACE, {"run/systemd/container": "systemd-nspawn"}, {}, "(systemd-nspawn)"),
        (LIBRARY, {".dockerenv": "", APPARMOR: "1"}, {}, "needs libpython3.13.so.1.0"),
        ("bwrap: write to /run/x: No space left on device", {}, {}, "no disk space is left"),
        ("ModuleNotFoundError: No module named 'zmq'", {}, {}, "run `make install`"),
    ],
)
def test_a_cause_is_told_with_what_to_change(tmp_path, reason, files, environment, told):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    first = next(causes(reason, tmp_path, environment))
    assert told in first
    assert "\n" not in first


@pytest.mark.parametrize("reason", ["bwrap: something else", "the kernel died"])
def test_what_nobody_knows_names_no_cause(tmp_path, reason):
    (tmp_path / ".dockerenv").touch()
    assert list(causes(reason, tmp_path, {})) == []


def test_a_setting_that_allows_is_not_blamed(tmp_path):
    (tmp_path / APPARMOR).parent.mkdir(parents=True)
    (tmp_path / APPARMOR).write_text("0\n")
    assert list(causes(UID_MAP, tmp_path, {})) == []
