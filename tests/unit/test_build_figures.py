import pytest
from toy_lessons import in_english, lesson

from autograder.build.pipelines import build_master, build_release, build_solution
from autograder.build.translations import accept_translations
from autograder.errors import BuildError

FIGURE = "# %%\nplt.plot([1, 2])\nplt.show()"
ENGLISH = '# %% [markdown] lang="en"\n# *Picture.* A line that\n# rises by `1`.\n#\n# It rises.'
KOREAN = '# %% [markdown] lang="ko"\n# *그림.* `1`만큼 올라가는 선입니다.\n#\n# 올라갑니다.'


def figure_of(notebook):
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def test_the_paragraph_below_a_figure_becomes_its_alternative_text_in_each_language():
    master = build_master(accept_translations(lesson(FIGURE, ENGLISH, KOREAN), "toy"), "toy")
    assert figure_of(build_solution(master, "en")).metadata == {"alt": "A line that rises by 1."}
    assert figure_of(build_solution(master, "ko")).metadata == {"alt": "1만큼 올라가는 선입니다."}


def test_a_release_has_no_image_yet_and_its_code_cells_are_the_same_in_every_language():
    master = build_master(accept_translations(lesson(FIGURE, ENGLISH, KOREAN), "toy"), "toy")
    assert "alt" not in figure_of(build_release(master, "en")).metadata


@pytest.mark.parametrize(
    "below", [(), ("# %%\nx = 1",), ('# %% [markdown] lang="en"\n# It rises.',)]
)
def test_a_figure_without_a_description_is_one_sentence_with_the_way_out(below):
    master = build_master(in_english(lesson(FIGURE, *below)), "toy")
    with pytest.raises(BuildError) as problem:
        build_solution(master, "en")
    assert str(problem.value) == (
        "Lesson toy, cell `plt.plot([1, 2])`: a figure without a description; begin the cell below it with "
        "*Picture.* or *그림.* and a description."
    )
