import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell

from autograder.build.blanks import read
from autograder.build.masking import locate_masks, masked_source

MODEL = '''\
class MF(nn.Module):
    """Bias and factors."""

    def __init__(self, num_users, num_items, n_factors=100):
        super().__init__()
        self.user_emb = nn.Embedding(num_users, n_factors)  # (users, k)
        self.item_emb = nn.Embedding(num_items, n_factors)

    def forward(self, users):
        return self.user_emb(users).sum(dim=1)
'''
MODEL_MASK = ["num_users@2", "n_factors@2", "num_items@2", "n_factors@3"]
ROW = 'x = row["user_idx"]\ny = row["item_idx"]'
SPLIT = "a, b = train_test_split(table, test_size=0.2)"


def template(source, mask):
    return new_code_cell(source, metadata={"course": {"mask": mask}})


def fill(source, mask, words):
    """Write words into the blanks, from the last to the first so that positions stay."""
    for (span, _), word in reversed(list(zip(locate_masks(source, mask), words, strict=True))):
        source = source[: span.start] + word + source[span.end :]
    return source


def read_model(student):
    return read(template(MODEL, MODEL_MASK), new_code_cell(student))


def test_the_solution_reads_as_its_own_tokens():
    assert read_model(MODEL) == ("num_users", "n_factors", "num_items", "n_factors")


def test_an_untouched_blank_reads_as_its_stars():
    masked = masked_source(MODEL, locate_masks(MODEL, MODEL_MASK))
    assert read_model(masked) == ("***_*****", "*_*******", "***_*****", "*_*******")


def test_stars_next_to_an_equals_sign_are_read_whole():
    source = "t = f(index=1, columns=2)"
    masked = "t = f(*****=1, *******=2)"
    mask = ["index", "columns"]
    assert read(template(source, mask), new_code_cell(masked)) == ("*****", "*******")


def test_an_emptied_blank_reads_as_nothing():
    student = fill(MODEL, MODEL_MASK, ["num_users", "", "num_items", "k"])
    assert read_model(student) == ("num_users", "", "num_items", "k")


def test_a_blank_may_hold_an_expression():
    words = ["len(user2idx)", "2 * (k + 1)", "max(items) + 1", "f(a, b)[0]"]
    assert read_model(fill(MODEL, MODEL_MASK, words)) == tuple(words)


def test_a_cell_without_masks_has_no_blanks():
    assert read(template("x = 1", []), new_code_cell("x = 2")) == ()


def test_a_formatter_changes_nothing_that_is_read():
    words = ["len( user2idx )", "n_factors", "number_of_all_the_items_in_the_data_set", "number_k"]
    student = fill(MODEL, MODEL_MASK, words).replace('"', "'")
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=50", "-"],
        input=student,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert formatted != student
    assert ",\n        )" in formatted
    assert read_model(formatted) == ("len(user2idx)", *words[1:])


@pytest.mark.parametrize("quote", ["'", '"', "'''"])
def test_a_blank_in_a_string_is_read_whatever_its_quotes(quote):
    student = f"x = row[{quote}movie{quote}]  # mine\n\ny = row[{quote}item_idx{quote}]"
    assert read(template(ROW, ["user_idx", "item_idx"]), new_code_cell(student)) == (
        "movie",
        "item_idx",
    )


def test_a_masked_part_is_read_without_the_rest_of_its_identifier():
    cell = template(SPLIT, ["train_test_[split]"])
    assert read(cell, new_code_cell(SPLIT.replace("split", "part"))) == ("part",)
    assert read(cell, new_code_cell(SPLIT.replace("split", "*****"))) == ("*****",)
    assert read(cell, new_code_cell(SPLIT.replace("train_test_split", "cut"))) == (None,)


EDITS = {
    "lines_before": lambda s: "import torch\nprint(1)\n" + s,
    "lines_after": lambda s: s + "\nmodel = MF(3, 4)\nprint(model)",
    "lines_between": lambda s: s.replace(
        "\n        self.item", "\n        self.k = 1\n        self.item"
    ),
    "other_call": lambda s: s.replace("super().__init__()", "super(MF, self).__init__()"),
    "other_values": lambda s: s.replace("=100", "=50").replace(".sum(dim=1)", ".sum(1)"),
    "docstring_gone": lambda s: s.replace('    """Bias and factors."""\n\n', ""),
    "comments": lambda s: s.replace("\n", "  # note, with (brackets\n"),
    "blank_lines": lambda s: s.replace("\n", "\n\n"),
    "tabs": lambda s: s.replace("    ", "\t"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edits_elsewhere_do_not_disturb_the_reading(edit):
    assert read_model(edit(fill(MODEL, MODEL_MASK, list("abcd")))) == tuple("abcd")


def test_a_blank_whose_neighbours_are_gone_cannot_be_told():
    student = "\n".join(line for line in MODEL.split("\n") if "item_emb" not in line)
    assert read_model(student) == ("num_users", "n_factors", None, None)


def test_two_readings_that_fit_equally_cannot_be_told():
    cell = template("f(a, b)", ["a", "b"])
    assert read(cell, new_code_cell("f(x, y, z)")) == (None, None)


def test_a_region_in_the_cell_may_hold_anything():
    source = "x = sum(a)\n### BEGIN SOLUTION\ny = 1\n### END SOLUTION\nz = max(x)"
    student = "x = f(a)\nfor i in range(9):\n    y = (i,\n         x)\n    print(sum)\nz = g(x)"
    assert read(template(source, ["sum", "max"]), new_code_cell(student)) == ("f", "g")


@pytest.mark.parametrize("student", ["", "(((", "'''", "x = 'open\ny = 2", "\\", "\n\n"])
def test_a_wreck_is_read_without_an_error(student):
    assert read_model(student) == (None,) * 4


identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(identifiers, min_size=4, max_size=4))
def test_any_identifiers_that_fill_the_blanks_are_read_back(words):
    assert read_model(fill(MODEL, MODEL_MASK, words)) == tuple(words)


@settings(max_examples=60, deadline=None)
@given(st.lists(identifiers, min_size=2, max_size=2))
def test_any_identifiers_that_fill_blanks_in_strings_are_read_back(words):
    mask = ["user_idx", "item_idx"]
    student = new_code_cell(fill(ROW, mask, words))
    assert read(template(ROW, mask), student) == tuple(words)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(student):
    assert len(read_model(student)) == 4
