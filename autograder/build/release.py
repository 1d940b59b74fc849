"""Release by nbgrader without losing the old one: nbgrader removes a release before it makes the new one.

So every notebook is built once beforehand, from the master to what students get, and whatever is wrong with one is
said while the old release still stands.
"""

from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from autograder.build.languages import DEFAULT_LANGUAGE
from autograder.build.notebooks import read_notebook
from autograder.build.pipelines import build_release
from autograder.errors import BuildError


class ReleaseExporter(NotebookExporter):
    """nbgrader's exporter of releases; what ``c.GenerateAssignment.exporter_class`` must be.

    Raises
    ------
    NbGraderException
        If a master cannot be released; nothing is removed then.
    """

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        converter = self.parent
        if isinstance(converter, GenerateAssignment):
            language = self.config.SelectLanguage.get("language", DEFAULT_LANGUAGE)
            for paths in converter.assignments.values():
                for path in paths:
                    try:
                        build_release(read_notebook(Path(path)), language)
                    except BuildError as error:
                        converter.log.error(str(error))
                        raise NbGraderException(str(error)) from None
