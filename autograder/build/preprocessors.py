"""The release pipeline as stock nbgrader runs it: our stages behind nbconvert's interface.

``nbgrader generate_assignment`` wants preprocessor classes. These are thin; the stages do the work,
so that nbgrader's releases and ours are the same bytes. Between them stand nbgrader's own
preprocessors that fill the gradebook.
"""

from typing import Any, ClassVar

from nbgrader.preprocessors import (
    CheckCellMetadata,
    ComputeChecksums,
    NbGraderPreprocessor,
)
from traitlets import Unicode

from autograder.build.answers import stub_answers
from autograder.build.checksums import compute_checksums
from autograder.build.hidden_tests import remove_hidden_tests
from autograder.build.languages import DEFAULT_LANGUAGE, select_language
from autograder.build.leaks import reject_broken_code, reject_markers
from autograder.build.locks import lock_cells
from autograder.build.masking import mask_blanks
from autograder.build.metadata import clear_outputs, drop_course_metadata
from autograder.build.migration import MigrateCells
from autograder.build.notebooks import Notebook, Stage
from autograder.build.regions import stub_regions


class SelectLanguage(NbGraderPreprocessor):
    """Keep the prose of one language, set as ``c.SelectLanguage.language``."""

    language = Unicode(DEFAULT_LANGUAGE, help="Language of the release: en or ko").tag(config=True)

    def preprocess(self, nb: Notebook, resources: Any) -> tuple[Notebook, Any]:
        """Choose the language."""
        return select_language(nb, self.language), resources


class StagePreprocessor(NbGraderPreprocessor):
    """A stage of the build behind nbconvert's interface; subclasses name the stage."""

    stage: ClassVar[Stage]

    def preprocess(self, nb: Notebook, resources: Any) -> tuple[Notebook, Any]:
        """Run the stage on a copy of the notebook."""
        return type(self).stage(nb), resources


class MaskBlanks(StagePreprocessor):
    """See `autograder.build.masking.mask_blanks`."""

    stage = staticmethod(mask_blanks)


class StubRegions(StagePreprocessor):
    """See `autograder.build.regions.stub_regions`."""

    stage = staticmethod(stub_regions)


class RejectBrokenCode(StagePreprocessor):
    """See `autograder.build.leaks.reject_broken_code`."""

    stage = staticmethod(reject_broken_code)


class StubAnswers(StagePreprocessor):
    """See `autograder.build.answers.stub_answers`."""

    stage = staticmethod(stub_answers)


class LockGivenCells(StagePreprocessor):
    """See `autograder.build.locks.lock_cells`."""

    stage = staticmethod(lock_cells)


class ClearRunOutputs(StagePreprocessor):
    """See `autograder.build.metadata.clear_outputs`."""

    stage = staticmethod(clear_outputs)


class RemoveHiddenTests(StagePreprocessor):
    """See `autograder.build.hidden_tests.remove_hidden_tests`."""

    stage = staticmethod(remove_hidden_tests)


class RejectMarkers(StagePreprocessor):
    """See `autograder.build.leaks.reject_markers`."""

    stage = staticmethod(reject_markers)


class DropCourseMetadata(StagePreprocessor):
    """See `autograder.build.metadata.drop_course_metadata`."""

    stage = staticmethod(drop_course_metadata)


class StoreChecksums(StagePreprocessor):
    """See `autograder.build.checksums.compute_checksums`."""

    stage = staticmethod(compute_checksums)


RELEASE_PREPROCESSORS = (
    SelectLanguage,
    MaskBlanks,
    StubRegions,
    RejectBrokenCode,
    StubAnswers,
    LockGivenCells,
    ClearRunOutputs,
    CheckCellMetadata,
    ComputeChecksums,  # of cells with their hidden tests, which autograding restores
    MigrateCells,  # nbgrader's SaveCells: after masking and stubs (the gradebook keeps no solution), before hidden tests go
    RemoveHiddenTests,
    RejectMarkers,
    StoreChecksums,  # again, of the cells as students get them
    DropCourseMetadata,
    CheckCellMetadata,
)
"""What ``c.GenerateAssignment.preprocessors`` must be: `RELEASE_STAGES`, saving on the way."""
