"""English and Korean say the same: one code, one grade, prose in pairs with equal formulas and names."""

import re
from collections import Counter

import pytest
from lesson_texts import ASSIGNMENTS, LANGUAGES, built, prose, prose_pairs, solution
from markdown_it import MarkdownIt

from autograder.build.languages import answer_languages
from autograder.build.notebooks import is_answer, is_code
from autograder.grading.rebuild import rebuild

PAIRS = [pytest.param(en, ko, id=f"{name}-{n}") for name, n, en, ko in prose_pairs()]
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+?\$", re.DOTALL)
CODE = re.compile(r"`([^`]+)`")


def formulas(text):
    """Formulas in order of size, words in them left out."""
    found = (" ".join(formula.split()) for formula in FORMULA.findall(text))
    return Counter(re.sub(r"\\text\{.*?\}", "", formula) for formula in found)


def numbers(text):
    """Numbers in the running text, not in formulas or code."""
    return Counter(re.findall(r"\d+(?:\.\d+)?", CODE.sub(" ", FORMULA.sub(" ", text))))


def skeleton(text):
    """Headings, list items, remarks and hints in order; what a reader sees at a glance."""
    return re.findall(r"^(#+ |\* |\d+\. |> \*\*|<details>|</details>|\*(?=\w+\.\*))", text, re.M)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_code_names_checks_and_grades_are_the_same_in_both_languages(assignment):
    for notebooks in (built(assignment).releases, built(assignment).solutions):
        english, korean = (
            [
                (cell.id, cell.source, cell.metadata.get("nbgrader"), cell.metadata.get("editable"))
                for cell in notebooks[language].cells
                if is_code(cell)
            ]
            for language in LANGUAGES
        )
        assert english == korean
        assert len(english) > 15


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_release_differs_between_languages_in_prose_alone(assignment):
    english, korean = (
        [
            (cell.id, dict(cell))
            for cell in built(assignment).releases[language].cells
            if is_code(cell) or is_answer(cell)
        ]
        for language in LANGUAGES
    )
    assert english == korean


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_both_languages_show_the_outputs_of_one_run(assignment):
    english, korean = (
        [cell.outputs for cell in solution(assignment, language).cells if is_code(cell)]
        for language in LANGUAGES
    )
    assert english == korean


@pytest.mark.parametrize(("english", "korean"), PAIRS)
def test_a_pair_has_the_same_formulas_names_and_numbers(english, korean):
    assert formulas(english) == formulas(korean)
    assert set(CODE.findall(english)) == set(CODE.findall(korean))
    # Where English writes a number out, Korean may use digits; the other way round none is lost.
    assert not numbers(english) - numbers(korean)


@pytest.mark.parametrize(("english", "korean"), PAIRS)
def test_a_pair_is_laid_out_the_same_way(english, korean):
    assert skeleton(english) == skeleton(korean)


@pytest.mark.parametrize(("english", "korean"), PAIRS)
def test_each_language_is_written_in_its_own_script(english, korean):
    assert not re.search(r"[가-힣]", english)
    assert re.search(r"[가-힣]", korean)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_korean_prose_keeps_the_polite_written_style(assignment):
    plain = [
        sentence[-20:]
        for text in prose(assignment, "ko")
        for sentence in re.findall(r"[^.]*다\.", text)
        if not sentence.endswith(("니다.", "시다."))
    ]
    assert plain == []


@pytest.mark.parametrize(("english", "korean"), PAIRS)
def test_marks_of_emphasis_are_rendered_and_not_shown(english, korean):
    """Korean particles follow words at once; a closing `**` between `)` and a letter would close nothing."""
    for text in (english, korean):
        html = MarkdownIt().render(FORMULA.sub("formula", text))
        shown = re.sub(r"<code>.*?</code>|<[^>]+>", "", html, flags=re.DOTALL)
        assert "*" not in shown


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_solution_handed_in_in_either_language_is_rebuilt_to_the_same_code(assignment):
    master = built(assignment).master
    english, korean = (rebuild(master, solution(assignment, language)) for language in LANGUAGES)
    assert english.repairs == korean.repairs == ()
    sources = [[c.source for c in nb.notebook.cells if is_code(c)] for nb in (english, korean)]
    assert sources[0] == sources[1]


TERMS = {
    "svd": {
        "결측값": "missing value",
        "특이값 분해": "singular value decomposition, SVD",
        "요인": "factor",
        "사용자": "user",
        "모양": "shape",
        "블록": "block",
        "랭크": "rank",
        "데이터 누출": "data leakage",
        "완성 규칙": "completion rule",
        "평균 제곱근 오차": "root mean squared error, RMSE",
    },
    "mf": {
        "행렬 분해": "matrix factorisation",
        "학습": "training",
        "인덱스": "index",
        "배치": "batch",
        "표본": "sample",
        "에포크": "epoch",
        "텐서": "tensor",
        "요인": "factor",
        "경사 하강법": "gradient descent",
        "손실": "loss",
        "기울기": "gradient",
        "가중치": "weight",
        "과적합": "overfitting",
        "당겨진": "shrunken",
        "결측값": "missing value",
    },
    "vae": {
        "변분 오토인코더": "variational autoencoder, VAE",
        "행렬 분해": "matrix factorisation, MF",
        "마스크": "mask",
        "손실": "loss",
        "결측값": "missing value",
        "텐서": "tensor",
        "배치": "batch",
        "로그 분산": "log-variance",
        "재매개변수화 기법": "reparameterisation trick",
        "재구성": "reconstruction",
        "KL 발산": "KL divergence",
        "기울기": "gradient",
        "조기 종료": "early stopping",
        "에포크": "epoch",
        "가중치": "weight",
        "당겨진": "shrunken",
    },
}


@pytest.mark.parametrize(
    ("assignment", "term", "english"),
    [(name, *item) for name, terms in TERMS.items() for item in terms.items()],
)
def test_a_korean_term_has_its_english_in_brackets_at_first_use(assignment, term, english):
    text = " ".join(" ".join(prose(assignment, "ko")).split())
    after = text[text.index(term) + len(term) :].lstrip("*")
    assert after.startswith(f"({english})")


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_model_answer_and_marking_scheme_are_in_both_languages(assignment):
    answers = [cell for cell in built(assignment).master.cells if is_answer(cell)]
    assert answers
    for answer in answers:
        assert answer_languages(answer.source) == (set(LANGUAGES), set(LANGUAGES))
    english, korean = (
        next(c.source for c in built(assignment).solutions[language].cells if is_answer(c))
        for language in LANGUAGES
    )
    assert not re.search(r"[가-힣]", english)
    assert re.search(r"[가-힣]", korean)
    assert "1 point" not in english
    assert "1점" not in korean
