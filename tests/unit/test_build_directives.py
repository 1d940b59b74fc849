import pytest
from toy_lessons import BLANK, CHECK, TOY, lesson

from autograder.build.directives import expand_directives
from autograder.build.lesson import parse_lesson
from autograder.errors import BuildError


def expand(text):
    return expand_directives(parse_lesson(text, "toy"))


def cells_by_grade_id(notebook):
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }


def test_names_become_grade_ids_and_a_second_blank_gets_a_number():
    assert list(cells_by_grade_id(expand(TOY))) == [
        "blank-toy-mean",
        "blank-toy-mean-2",
        "toy-mean",
        "blank-toy-spread",
        "toy-spread",
        "toy-why",
    ]


@pytest.mark.parametrize(
    ("grade_id", "grade", "solution", "locked", "points"),
    [
        ("blank-toy-mean", False, True, False, None),
        ("toy-mean", True, False, True, 2),
        ("toy-why", True, True, False, 4),
    ],
)
def test_metadata_follow_schema_3_of_nbgrader(grade_id, grade, solution, locked, points):
    metadata = cells_by_grade_id(expand(TOY))[grade_id].metadata.nbgrader
    assert metadata.schema_version == 3
    assert (metadata.grade, metadata.solution, metadata.locked) == (grade, solution, locked)
    assert metadata.get("points") == points
    assert metadata.task is False


def test_given_cells_and_prose_get_no_nbgrader_metadata():
    notebook = expand(TOY)
    assert ["nbgrader" in cell.metadata for cell in notebook.cells[:4]] == [False] * 4


def test_our_own_metadata_keep_mask_language_and_flag_under_one_key():
    notebook = expand(TOY)
    assert notebook.cells[0].metadata == {"course": {"lang": "en"}}
    assert cells_by_grade_id(notebook)["blank-toy-mean"].metadata.course == {
        "mask": ["sum", "len@1"]
    }
    assert cells_by_grade_id(notebook)["toy-mean"].metadata.course == {"nbval": True}


def test_expanding_leaves_its_argument_as_it_was():
    parsed = parse_lesson(TOY, "toy")
    before = parsed.copy()
    expand_directives(parsed)
    assert parsed == before
    assert parsed.cells[4].metadata["blank"] == "toy-mean"


WRONG = {
    "unknown directive 'hidden'": lesson("# %% hidden=true\nx = 1"),
    "unknown directive 'title'": lesson("# %% Sums\nx = 1"),
    "unknown directive 'blank' on a markdown cell": lesson('# %% [markdown] blank="a"\n# text'),
    "raw cells are not used": lesson("# %% [raw]\n# text"),
    "no number of points": lesson(BLANK, '# %% check="a"\nassert total'),
    "points=True": lesson(BLANK, '# %% check="a" points=true\nassert total'),
    "points=-1": lesson(BLANK, '# %% check="a" points=-1\nassert total'),
    "two cells have this name": lesson(BLANK, CHECK, CHECK),
    "no check follows this blank": lesson(BLANK),
    "the next check after this blank is b": lesson(BLANK, CHECK.replace('"a"', '"b"'), CHECK),
    "lists no token": lesson('# %% blank="a" mask=""\ntotal = sum([1])', CHECK),
    "'mask' without blank": lesson('# %% mask="sum"\ntotal = sum([1])'),
    "'points' without check or answer": lesson("# %% points=3\nx = 1"),
    "blank and check at once": lesson('# %% blank="a" check="b" points=1\nx = 1'),
    "unknown language 'fr'": lesson('# %% [markdown] lang="fr"\n# texte'),
    "is no name": lesson(BLANK.replace('"a"', '"A b"'), CHECK),
    "no marking scheme": lesson('# %% [markdown] answer="w" points=1\n# model answer'),
    "an answer is one cell in all languages": lesson(
        '# %% [markdown] answer="w" points=1 lang="en"\n# a\n# <!-- marking scheme -->\n# b'
    ),
    "nbval=1": lesson("# %% nbval=1\nx = 1"),
}


@pytest.mark.parametrize("problem", WRONG)
def test_a_wrong_directive_is_named_with_its_lesson(problem):
    with pytest.raises(BuildError, match="^Lesson toy, cell ") as caught:
        expand(WRONG[problem])
    assert problem in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_blank_named_like_the_second_of_another_is_a_clash_not_an_overwrite():
    second = '# %% blank="a-2" mask="sum"\nother = sum([1])'
    text = lesson(BLANK, BLANK, CHECK, second, '# %% check="a-2" points=1\nassert other')
    with pytest.raises(BuildError, match="blank-a-2: two cells have this name"):
        expand(text)
