"""What lies in `submitted/`: which folders are submissions, what else is there, and where it should lie.

Stands before reading. Names of students are compared in NFC, whatever the file system made of them, and
none reaches nbgrader as a pattern.
"""

import os
import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.errors import GradingError
from autograder.grading.reading import MAX_ENTRIES, SIDE_FILES, is_of_a_system

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class HandedIn:
    """A folder in `submitted/`: whose, in NFC, and for which assignment."""

    student: str
    assignment: str
    folder: Path


@dataclass(frozen=True)
class PassedOver:
    """Something in `submitted/` that is no submission: whose and for what, as far as one can tell, and a sentence."""

    student: str | None
    assignment: str | None
    sentence: str


def assignments_of(course):
    """The names of a course's assignments, in the order of its masters' names."""
    return sorted(path.parent.name for path in (course / "source").glob("*/*.ipynb"))


def chosen_assignments(course, names):
    """The assignments that were asked for, all where none was.

    Raises
    ------
    GradingError
        Where one has no master; the sentence names those that do.
    """
    known = assignments_of(course)
    for name in names:
        if name not in known:
            alike = _assignment_in(name, known)
            hint = f"did you mean {alike}? " if alike else ""
            raise GradingError(
                f"There is no assignment {_shown(name)}: {hint}This course has {', '.join(known) or 'none'}."
            )
    return tuple(dict.fromkeys(names)) or tuple(known)


def submitted_folder(course, config):
    """Where a course's submissions lie."""
    return Path(course) / config.CourseDirectory.get("submitted_directory", "submitted")


def handed_in(course, config, assignments, students=()):
    """What is in `submitted/`, in the order of assignments and students.

    Raises
    ------
    GradingError
        Where an assignment has no master, or one of the students handed in nothing.
    """
    assignments = chosen_assignments(course, assignments)
    root = submitted_folder(course, config)
    folders = _folders_by_student(root)
    wanted = [_nfc(student) for student in students] or sorted(folders)
    found = [
        HandedIn(student, assignment, _newest(places))
        for assignment in assignments
        for student in dict.fromkeys(wanted)
        if (places := _places(folders.get(student, ()), assignment))
    ]
    missing = sorted(set(map(_nfc, students)) - {each.student for each in found})
    if missing or not found:
        whose = f" by {', '.join(map(_shown, missing))}" if missing else ""
        others = [each.sentence for each in passed_over(course, config, assignments, missing)]
        raise GradingError(
            f"Nothing was handed in{whose} for {', '.join(assignments)}: put notebooks into "
            f"{root}/<student>/<assignment>/." + "".join(f" {sentence}" for sentence in others[:20])
        )
    return found


def folder_of(root, student, assignment):
    """The folder of a submission, in whatever form the file system has the student's name."""
    places = _places(_folders_by_student(Path(root)).get(_nfc(student), ()), assignment)
    return _newest(places) if places else Path(root) / student / assignment


def passed_over(course, config, assignments, students=()):
    """What in `submitted/` is no submission, a PassedOver each.

    Parameters
    ----------
    course, config : Path, Config.
    assignments : names; what surely belongs to another one is left out.
    students : names; what surely belongs to another one is left out. All where there is none.
    """
    root, known = submitted_folder(course, config), assignments_of(course)
    wanted = {_nfc(student) for student in students}
    return [
        each
        for entry in _entries(root)
        for each in _passed_over_in(root, entry, known)
        if each.assignment in (None, *assignments)
        and (not wanted or each.student is None or each.student in wanted)
    ]


def _passed_over_in(root, entry, known):
    """What is no submission in an entry of `submitted/`."""
    if not entry.is_dir() or entry.is_symlink():
        yield _misplaced(root, entry, None, _assignment_in(entry.stem, known))
        return
    student = _nfc(entry.name)
    if UNPRINTABLE.search(student):
        yield PassedOver(
            student,
            None,
            f"{_shown(f'{root.name}/{student}')} has a name that cannot be printed: rename it.",
        )
        return
    is_assignment = _assignment_in(entry.name, known) if entry.name.lower() in known else None
    inside = _entries(entry)
    if not inside:
        yield PassedOver(student, None, f"{root.name}/{student} is empty.")
    for part in inside:
        if part.name in known and part.is_dir():
            twins = _places(_folders_by_student(root)[student], part.name)
            if part != _newest(twins):
                where = _newest(twins).parent.name
                yield PassedOver(
                    student,
                    part.name,
                    f"{_shown(str(part.relative_to(root.parent)))} is not graded, for the same student's "
                    f"folder {_shown(where)!a}, spelled in other code points, is newer: keep one of them.",
                )
            continue
        if is_assignment and part.is_dir():
            owner, assignment = _nfc(part.name), is_assignment
        else:
            owner, assignment = student, _assignment_in(part.name, known)
        files = _files_below(part) if part.is_dir() and not part.is_symlink() else [part]
        if not files:
            yield PassedOver(
                owner, assignment, f"{_shown(str(part.relative_to(root.parent)))} is empty."
            )
        for file in files:
            yield _misplaced(root, file, owner, assignment or _assignment_in(file.stem, known))


def _misplaced(root, file, student, assignment):
    """A file with where it should lie."""
    name = f"{assignment}.ipynb" if assignment and file.suffix.lower() == ".ipynb" else file.name
    should = f"{root.name}/{student or '<student>'}/{assignment or '<assignment>'}/{name}"
    here = file.relative_to(root.parent)
    return PassedOver(student, assignment, f"{_shown(str(here))} should lie in {_shown(should)}.")


def _assignment_in(name, known):
    """The assignment that a name of a file or folder speaks of; None where that is not clear."""
    words = set(re.findall(r"[a-z0-9]+", name.lower()))
    found = [each for each in known if each.lower() in words]
    found = found or [each for each in known if name.lower().startswith(each.lower())]
    return found[0] if len(found) == 1 else None


def _files_below(folder):
    """Files in a folder and below that are no system's."""
    files = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_of_a_system(name))
        files += [Path(place, name) for name in sorted(names) if _is_work(name)]
        if len(files) > MAX_ENTRIES:
            break
    return files


def _is_work(name):
    return not is_of_a_system(name) and name not in SIDE_FILES


def _entries(folder):
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, 100 * MAX_ENTRIES)]
    except OSError:
        return []
    return [folder / name for name in sorted(names) if _is_work(name)]


def _folders_by_student(root):
    """Folders in `submitted/` by the student's name in NFC; those that cannot be printed left out."""
    folders = {}
    for entry in _entries(root):
        if entry.is_dir() and not entry.is_symlink() and not UNPRINTABLE.search(entry.name):
            folders.setdefault(_nfc(entry.name), []).append(entry)
    return folders


def _places(folders, assignment):
    places = (folder / assignment for folder in folders)
    return [place for place in places if place.is_dir() or place.is_symlink()]


def _newest(places):
    """Of the folders that one student has for an assignment, the one that was written to last."""
    return max(places, key=lambda place: (place.lstat().st_mtime, place.name))


def _nfc(name):
    return unicodedata.normalize("NFC", name)


def _shown(name):
    """A name in a sentence: what cannot be printed is escaped."""
    return UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], name)


class ExactPaths:
    """For a converter of nbgrader: it takes students and assignments by name, and nothing for a pattern."""

    def init_notebooks(self):
        """Find the notebook of the coursedir's assignment, of its student or of all."""
        assignment, student = self.coursedir.assignment_id, self.coursedir.student_id
        root = Path(self.coursedir.root, self._input_directory)
        students = [path.name for path in _entries(root)] if student == "*" else [student]
        paths = [
            Path(self._format_source(assignment, name), f"{assignment}.ipynb") for name in students
        ]
        self.notebooks = []
        self.assignments = {str(path.parent): [str(path)] for path in paths if path.is_file()}
