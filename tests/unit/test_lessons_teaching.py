"""A lesson promises, delivers and warns: goals come back at its end, mistakes are named where they bite."""

import ast
import builtins
import re

import pytest
from lesson_texts import ASSIGNMENTS, LANGUAGES, built, prose, solution, text_above

from autograder.build.notebooks import is_check, is_code
from autograder.sandbox.isolation import distributions

BOLD = re.compile(r"\*\*([^*]+)\*\*")
MISTAKE = {"en": "> **Common mistake.**", "ko": "> **흔한 실수.**"}

# (lesson, the cell that the warning must stand above, or below: first words of its code) -> words of it
MISTAKES = {
    "a mean that has seen the test": ("svd", {"en": "**data leakage**", "ko": "데이터 누출"}),
    "zero error taken for success": (
        "svd",
        {"en": "Fitting is not predicting", "ko": "0은 성공이"},
    ),
    "ids instead of indices": ("mf", {"en": "*indices*, not ids", "ko": "*인덱스*입니다"}),
    "a bias of all ratings": ("mf", {"en": "not of `ratings`", "ko": "`train_df`의 평균"}),
    "squeeze without a dimension": ("mf", {"en": "`squeeze(1)`", "ko": "`squeeze(1)`"}),
    "a test set looked at twice": ("mf", {"en": "the test set twice", "ko": "두 번 보는"}),
    "a forgotten mask": ("vae", {"en": "A forgotten mask", "ko": "마스크를 잊는"}),
    "sampling at evaluation": ("vae", {"en": "Sampling at evaluation", "ko": "표본을 뽑는"}),
    "a rank chosen on the test": ("vae", {"en": "test set six times", "ko": "여섯 번 보는"}),
}


def warnings(assignment, language):
    """The remarks on common mistakes, each as one line."""
    found = re.findall(
        rf"^{re.escape(MISTAKE[language])}.*(?:\n>.*)*",
        "\n\n".join(prose(assignment, language)),
        re.MULTILINE,
    )
    return [" ".join(text.replace("\n>", " ").split()) for text in found]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_common_mistake_is_named_in_its_lesson(mistake, language):
    assignment, words = MISTAKES[mistake]
    assert any(words[language] in text for text in warnings(assignment, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_warning_is_in_the_table(language):
    for assignment in ASSIGNMENTS:
        listed = [words for name, words in MISTAKES.values() if name == assignment]
        assert len(warnings(assignment, language)) == len(listed)


@pytest.mark.parametrize(
    ("blank", "words"),
    [
        ("blank-mf-dataset", "*indices*, not ids"),
        ("blank-mf-model", "not of `ratings`"),
        ("blank-mf-train-2", "the test set twice"),
        ("blank-vae-loss", "A forgotten mask"),
        ("blank-vae-train", "Sampling at evaluation"),
    ],
)
def test_a_mistake_is_named_right_above_the_blanks_where_it_bites(blank, words):
    assert words in "\n".join(text_above(blank, "en")[-3:])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_what_a_lesson_promises_in_bold_comes_back_in_bold_at_its_end(assignment, language):
    first, *_, last = prose(assignment, language)
    bullets = [line for line in first.split("\n") if line.startswith("* ")]
    assert 4 <= len(bullets) <= 6
    ending = " ".join(BOLD.findall(last))
    promised = {word for line in bullets for word in BOLD.findall(line)}
    kept = {word for word in promised if word[:2] in ending}
    assert len(kept) >= len(promised) / 2, promised - kept


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_output_is_followed_by_prose_before_the_next_output(assignment):
    """Check cells say themselves that all is well; a picture is described by what is below it."""
    cells, silent = solution(assignment, "en").cells, []
    for number, cell in enumerate(cells):
        if not (is_code(cell) and cell.outputs) or is_check(cell):
            continue
        if is_code(cells[number + 1]) and not is_check(cells[number + 1]):
            silent.append(cell.source.split("\n")[-1])
    assert silent == []


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_tensors_and_arrays_in_solution_cells_state_their_shapes(assignment):
    shape = re.compile(r"#.*\(([\w* ]+,[\w* ,]*)\)")
    code = "\n".join(c.source for c in built(assignment).master.cells if is_code(c))
    assert len(shape.findall(code)) >= 7


NAMED = ("numpy", "pandas", "scipy", "scikit-learn", "matplotlib", "tqdm", "ipywidgets", "torch")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_lesson_names_the_packages_that_the_grader_has(assignment, language):
    first = built(assignment).releases[language].cells[0].source
    assert all(name in first for name in NAMED)
    assert {*NAMED} <= set(distributions())


CHECKS = [
    pytest.param(cell.source, id=f"{assignment}-{number}")
    for assignment in ASSIGNMENTS
    for number, cell in enumerate(filter(is_check, built(assignment).releases["en"].cells))
]


@pytest.mark.parametrize("source", CHECKS)
def test_a_check_asks_for_the_builtins_that_it_uses_before_it_uses_them(source):
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & {*dir(builtins)}
    [asked] = re.findall(r'^needs\("(.*)"\)$', source, re.MULTILINE)
    assert asked.split() == sorted(used - {"globals", "AssertionError", "Exception"})
