"""What people have reported of courses like this one, as one table: a scene, and what is right in it.

A row is a function that takes a `Course` of its own, fresh as a clone has it, with a private data set and
nobody's work in it; what it asserts is what is right. Rows stand by kind, a module each; importing this
package fills the table.
"""

import importlib
import pkgutil

ROWS = {}
"""Every row by its name: the function's, with spaces."""


def report(row):
    """Put a row into the table; its name is the sentence that its function's name makes."""
    name = row.__name__.replace("_", " ")
    assert name not in ROWS, name
    ROWS[name] = row
    return row


def load_reports():
    """The table, filled from the modules of this package."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return ROWS
