"""Shared libraries that an interpreter needs from places that a sandbox does not show.

Belongs to isolation. Read from the ELF files as the loader reads them (its manual page, ld.so(8)): what each file
needs, and where it has it looked for. Python built as a shared library outside of `/usr` does not start without
this, or starts as another Python of the same name that lies in `/usr`.
"""

import functools
import os
import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

SYSTEM = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
"""Where the loader looks last; `ld.so.cache` names what else there is."""
CACHED = re.compile(r"\s*(\S+) \(.*\) => (\S+)")


@dataclass(frozen=True)
class Needs:
    """What an ELF file needs: names of libraries, and folders to look for them in, `$ORIGIN` as it stands."""

    names: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()


def read_needs(path: Path) -> Needs:
    """Read the dynamic section of a file; a file that is no ELF, or is linked statically, needs nothing."""
    found: dict[str, list[str]] = {"DT_NEEDED": [], "DT_RPATH": [], "DT_RUNPATH": []}
    attributes = {"DT_NEEDED": "needed", "DT_RPATH": "rpath", "DT_RUNPATH": "runpath"}
    with path.open("rb") as file:
        try:
            for segment in ELFFile(file).iter_segments("PT_DYNAMIC"):
                for tag in segment.iter_tags():
                    if tag.entry.d_tag in found:
                        value = getattr(tag, attributes[tag.entry.d_tag])
                        found[tag.entry.d_tag].append(value)
        except ELFError:
            return Needs()
    paths = {tag: tuple(":".join(found[tag]).split(":")) for tag in ("DT_RPATH", "DT_RUNPATH")}
    return Needs(
        tuple(found["DT_NEEDED"]),
        tuple(filter(None, paths["DT_RPATH"])),
        tuple(filter(None, paths["DT_RUNPATH"])),
    )


def hidden_libraries(
    files: Iterable[Path], inside: Callable[[Path], str | None]
) -> tuple[tuple[str, str], ...]:
    """Pairs (name, path) of the libraries that these files need and that a sandbox would not find.

    Parameters
    ----------
    files : executables and libraries, as they lie outside.
    inside : gives a file's path inside a sandbox, or None where it is not shown.

    Notes
    -----
    A library counts as found where the folder that names it, `$ORIGIN` replaced by the place inside, leads to the
    very file that the loader takes outside. What needs libraries itself is followed.
    """
    found: dict[str, str] = {}
    open_files = [(Path(file), ()) for file in files]
    seen = set()
    while open_files:
        file, inherited = open_files.pop()
        if file in seen:
            continue
        seen.add(file)
        needs = read_needs(file)
        own = () if needs.runpath else tuple((file, folder) for folder in needs.rpath)
        chain = own + inherited  # DT_RPATH holds for what is loaded below, DT_RUNPATH does not
        for name in needs.names:
            place = _resolve(name, file, needs, chain)
            if place is None:
                continue  # the loader itself, or missing outside too
            library, is_found_inside = place
            if not is_found_inside(inside):
                found.setdefault(name, str(library))
            open_files.append((library, chain))
    return tuple(sorted(found.items()))


def _resolve(name, file, needs, chain):
    """The library that the loader takes for a name, and a test whether it is found inside too; or None."""
    if "/" in name:
        path = Path(name)
        return (path, lambda inside: inside(path) == name) if path.is_file() else None
    listed = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    tries = [
        *(() if needs.runpath else chain),
        *((file, folder) for folder in listed),
        *((file, folder) for folder in needs.runpath),
    ]
    for owner, folder in tries:
        path = Path(_expand(folder, owner.resolve().parent)).resolve() / name
        if path.is_file():
            is_listed = folder in listed
            return path, functools.partial(_leads_inside, owner, folder, path, is_listed)
    cached = _cache().get(name)
    places = [Path(folder, name) for folder in SYSTEM]
    for path in ([Path(cached)] if cached else []) + places:
        if path.is_file():
            return path, lambda inside, path=path: inside(path) == str(path)
    return None


def _leads_inside(owner, folder, path, is_listed, inside):
    """Whether the same words lead to the same file inside; a variable of the grader's does not stand there."""
    place = inside(owner.resolve())
    if is_listed or place is None:
        return False
    target = os.path.normpath(_expand(folder, Path(place).parent) + "/" + path.name)
    return inside(path) == target


def _expand(folder, origin):
    return folder.replace("${ORIGIN}", str(origin)).replace("$ORIGIN", str(origin))


@functools.cache
def _cache():
    """Libraries by name as `ld.so.cache` has them; of several of a name, the first."""
    for program in ("ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"):
        try:
            listed = subprocess.run([program, "-p"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        found = {}
        for line in listed.stdout.splitlines():
            if match := CACHED.match(line):
                found.setdefault(match[1], match[2])
        return found
    return {}
