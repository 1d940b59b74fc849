"""Faults of a lesson are told together: each is caught where it is found, and all are raised at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from autograder.errors import BuildError


class Faults:
    """Sentences of the BuildErrors that were caught, in order, the same one once."""

    def __init__(self) -> None:
        self.sentences: dict[str, None] = {}

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Note the faults of what is done inside, and go on behind it."""
        try:
            yield
        except BuildError as error:
            self.sentences |= dict.fromkeys(error.args)

    def add_elsewhere(self, error: BuildError) -> None:
        """Note the faults of cells that none was noted of: others may follow from those."""
        known = {sentence.partition(": ")[0] for sentence in self.sentences}
        self.sentences |= {s: None for s in error.args if s.partition(": ")[0] not in known}

    def told(self, built: object = None) -> None:
        """Raise BuildError if there are any; `built` is what there is all the same."""
        if self.sentences:
            raise BuildError(*self.sentences, built=built)
