"""The build as three tuples of stages, each ``Notebook -> Notebook``.

    lesson --SOURCE_STAGES--> master --select_language--+--RELEASE_STAGES--> release
                                                        +--SOLUTION_STAGES-> solution

`select_language` is the one stage with an argument, so it stands outside the tuples and always
goes first. A comment on a line names the order that matters there, and
``tests/unit/test_build_pipelines.py`` holds it.
"""

from collections.abc import Iterable

from autograder.build.answers import cut_marking_schemes, stub_answers
from autograder.build.cell_ids import set_cell_ids
from autograder.build.checksums import compute_checksums
from autograder.build.data_cell import fill_data_cell
from autograder.build.directives import expand_directives
from autograder.build.faults import Faults
from autograder.build.figures import describe_figures
from autograder.build.hidden_tests import append_hidden_tests, remove_hidden_tests
from autograder.build.languages import select_language
from autograder.build.leaks import reject_broken_code, reject_flags, reject_markers
from autograder.build.lesson import parse_lesson
from autograder.build.locks import lock_cells
from autograder.build.masking import mask_blanks
from autograder.build.metadata import clear_outputs, drop_course_metadata
from autograder.build.nbval_flag import flag_for_nbval
from autograder.build.notebooks import Notebook, Stage
from autograder.build.origin import mark_origin
from autograder.build.regions import stub_regions, unwrap_regions
from autograder.build.syntax import reject_magics
from autograder.build.translations import reject_stale_translations, reject_untranslated
from autograder.errors import BuildError

SOURCE_STAGES: tuple[Stage, ...] = (
    expand_directives,  # first: every other stage reads what it writes
    reject_untranslated,
    reject_stale_translations,  # after reject_untranslated: a missing cell is said to be missing
    reject_magics,
    reject_flags,
    fill_data_cell,  # before set_cell_ids: an id is a hash of the content
    append_hidden_tests,
    set_cell_ids,
    mark_origin,  # last: of the master as it is written
)

RELEASE_STAGES: tuple[Stage, ...] = (
    mask_blanks,  # before stub_regions: tokens are counted in the cell as the author wrote it
    stub_regions,
    reject_broken_code,  # after stub_regions: it judges what students get
    stub_answers,
    lock_cells,
    clear_outputs,
    remove_hidden_tests,  # nbgrader saves its cells before this one, see preprocessors.py
    reject_markers,  # after all that removes markers
    compute_checksums,  # after all that changes sources
    drop_course_metadata,  # last: it holds the masked tokens, and the lesson's name for messages
)

SOLUTION_STAGES: tuple[Stage, ...] = (
    describe_figures,
    unwrap_regions,
    cut_marking_schemes,
    clear_outputs,
    remove_hidden_tests,  # before flag_for_nbval, so that the flag heads what is left
    flag_for_nbval,  # before drop_course_metadata, which forgets the flags
    reject_markers,
    drop_course_metadata,
)


def run_stages(notebook: Notebook, stages: Iterable[Stage]) -> Notebook:
    """Run a notebook through stages, in order; the argument stays as it was.

    Raises
    ------
    BuildError
        With the faults of all stages: behind one that found some, the others run on what it made, or was given.
    """
    faults = Faults()
    for stage in stages:
        with faults.caught():
            try:
                notebook = stage(notebook)
            except BuildError as error:
                notebook = error.built or notebook
                raise
    faults.told(notebook)
    return notebook


def build_master(text: str, name: str) -> Notebook:
    """Build the master of a lesson: prose of every language, solutions, hidden tests.

    Parameters
    ----------
    text
        The lesson in percent format.
    name
        Its assignment, as `svd`.

    Raises
    ------
    BuildError
        A sentence a fault, with lesson, cell and way out.
    """
    return run_stages(parse_lesson(text, name), SOURCE_STAGES)


def build_release(master: Notebook, language: str) -> Notebook:
    """Build what students get, in one language."""
    return run_stages(select_language(master, language), RELEASE_STAGES)


def build_solution(master: Notebook, language: str) -> Notebook:
    """Build the solution in one language, not yet executed."""
    return run_stages(select_language(master, language), SOLUTION_STAGES)
