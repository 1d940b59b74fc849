"""Every blank can be filled from what stands above it, and has a hint one step short of its answer."""

import re

import pytest
from lesson_texts import ASSIGNMENTS, HINT, LANGUAGES, built, exercise_of, hint_of, text_above

from autograder.build.notebooks import is_code, is_solution, ours
from submissions.fills import FILLS

# What must stand above each blank for a student to find its token: the token, or what leads to it.
LEADS = {
    ("blank-svd-block", 0): "(`index`)",
    ("blank-svd-block", 1): "(`columns`)",
    ("blank-svd-block", 2): "`sample_users`",
    ("blank-svd-block", 3): "`sample_movies`",
    ("blank-svd-factors", 0): "`series.mean()`",
    ("blank-svd-factors", 1): "`table.fillna(value)`",
    ("blank-svd-factors", 2): "`full_matrices=False`",
    ("blank-svd-complete", 0): "`sample_users`",
    ("blank-svd-complete", 1): "`sample_movies`",
    ("blank-mf-split", 0): "`train_test_split(table, test_size=0.2, random_state=42)`",
    ("blank-mf-split", 1): "`train_test_split(table, test_size=0.2, random_state=42)`",
    ("blank-mf-dataset", 0): "`user_idx`",
    ("blank-mf-dataset", 1): "`item_idx`",
    ("blank-mf-dataset", 2): "`rating`",
    ("blank-mf-model", 0): "`num_users`",
    ("blank-mf-model", 1): "`n_factors`",
    ("blank-mf-model", 2): "`num_items`",
    ("blank-mf-model", 3): "`n_factors`",
    ("blank-mf-train", 0): "`.long()`",
    ("blank-mf-train", 1): "`.long()`",
    ("blank-mf-train", 2): "`optimizer.zero_grad()`",
    ("blank-mf-train", 3): "`loss.backward()`",
    ("blank-mf-train-2", 0): "`evaluate(loader)`",
    ("blank-mf-complete", 0): "`torch.no_grad()`",
    ("blank-mf-complete", 1): "`torch.arange(n)`",
    ("blank-mf-complete", 2): "`torch.arange(n)`",
    ("blank-mf-complete", 3): "`unsqueeze(1)`",
    ("blank-mf-complete", 4): "`repeat(a, b)`",
    ("blank-mf-complete", 5): "`unsqueeze(0)`",
    ("blank-mf-complete", 6): "`repeat(a, b)`",
    ("blank-vae-model", 0): "`num_items`",
    ("blank-vae-model", 1): "`hidden_dim`",
    ("blank-vae-model", 2): "encode, reparameterize, decode",
    ("blank-vae-model", 3): "encode, reparameterize, decode",
    ("blank-vae-model", 4): "encode, reparameterize, decode",
    ("blank-vae-loss", 0): "`per_user_mse`",
    ("blank-vae-loss", 1): "`detach()`",
    ("blank-vae-loss", 2): "`detach()`",
    ("blank-vae-complete", 0): "`get_vae_predictions`",
    ("blank-vae-complete", 1): "`numpy()`",
    ("blank-vae-complete", 2): "`R_pred_df`",
}
# A bonus: it gives ideas, no hint.
WITHOUT_HINT = {"blank-vae-challenge"}


def blank_cells():
    """The grade_id of every code cell that students fill, with its number of masked blanks."""
    return {
        cell.id: len(ours(cell).get("mask", ()))
        for assignment in ASSIGNMENTS
        for cell in built(assignment).master.cells
        if is_code(cell) and is_solution(cell)
    }


def test_every_blank_of_the_course_has_its_lead():
    assert LEADS.keys() == FILLS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("blank", "place"), LEADS)
def test_what_leads_to_a_blank_stands_above_it(blank, place, language):
    lead = LEADS[blank, place]
    assert lead in " ".join("\n".join(text_above(blank, language)).split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("blank", sorted(blank_cells().keys() - WITHOUT_HINT))
def test_a_hint_unfolds_above_each_exercise_with_a_step_for_each_blank(blank, language):
    steps = re.findall(r"^\d+\. ", hint_of(blank, language) or "", re.MULTILINE)
    number = blank_cells()[blank]
    assert len(steps) == number if number else len(steps) >= 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("blank", sorted(blank_cells().keys() - WITHOUT_HINT))
def test_a_hint_stops_one_step_short_of_the_answer(blank, language):
    tokens = {fills.token for (cell, _), fills in FILLS.items() if cell == blank}
    words = set(re.findall(r"\w+", hint_of(blank, language)))
    assert not tokens & words
    assert not [line for line in solution_lines(blank) if line in hint_of(blank, language)]


def solution_lines(blank):
    """The lines inside the SOLUTION regions of a cell."""
    master = built(exercise_of(blank)[0]).master
    source = next(cell.source for cell in master.cells if cell.id == blank)
    regions = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL)
    return [line.strip() for region in regions for line in region.splitlines() if line.strip(" ()")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_hint_of_a_lesson_is_well_formed_and_belongs_to_a_blank(assignment, language):
    cells = built(assignment).releases[language].cells
    text = "\n".join(cell.source for cell in cells if not is_code(cell))
    blanks = [b for b in blank_cells() if exercise_of(b)[0] == assignment and b not in WITHOUT_HINT]
    assert len(HINT.findall(text)) == text.count("<details>") == len(blanks)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_exercise_is_announced_by_name_above_its_blanks(assignment, language):
    label = {"en": "**Exercise `{}`", "ko": "**실습 `{}`"}[language]
    for blank in blank_cells():
        if exercise_of(blank)[0] == assignment:
            above = "\n".join(text_above(blank, language))
            assert label.format(exercise_of(blank)[1]) in above
