"""What the original notebook shows is shown by the executed solution of lesson 2, and said in both languages."""

import re

import numpy as np
import pytest
from lesson_texts import LANGUAGES, prose, solution

from autograder.build.notebooks import is_code

SHOWN = {
    "where the model is computed": r"^device: (cpu|cuda)",
    "an index for an id": r"\{7: 0, 13: 1, 42: 2\}",
    "numbers of users and items": r"^943 users, 1682 items",
    "sizes of the split": r"^80000 / 10000 / 10000 ratings",
    "sizes of the data sets": r"^80000 / 10000 / 10000 samples",
    "batches of an epoch": r"^79 batches of training samples",
    "the model": r"^MF\(\n  \(user_emb\): Embedding\(943, 100\)\n  \(item_emb\): Embedding\(1682, 100\)",
    "best and test RMSE": r"^best validation RMSE 0\.\d{4} at epoch \d+, test RMSE 0\.\d{4}$",
    "both RMSE of every epoch": r"^epoch +\n(\d+ +\d\.\d{4} +\d\.\d{4}\n?){6,}",
}
SAID = {
    "how a cell is run": {"en": "(Shift+Enter)", "ko": "(Shift+Enter)"},
    "what a star is": {"en": "every star hides one letter", "ko": "별표 하나는 이름의 글자 하나"},
    "what a check is for": {"en": "is its check: run it too", "ko": "확인 셀입니다. 이것도 실행"},
    "how to answer in words": {"en": "double-click the cell", "ko": "두 번 클릭"},
    "what is handed in": {"en": "hand in this file, `mf.ipynb`", "ko": "이 파일 `mf.ipynb`를"},
    "a GPU in Colab": {
        "en": "*Runtime > Change runtime type*",
        "ko": "(Runtime > Change runtime type)",
    },
    "no GPU is needed": {"en": "`cpu` is all that", "ko": "`cpu`로 충분"},
    "why ids are sorted": {
        "en": "does not depend on the order of the rows",
        "ko": "행의 순서에 좌우되지",
    },
    "why factors start small": {
        "en": "large ones would be noise",
        "ko": "큰 난수는 지워야 할 잡음",
    },
    "the mean is trained": {"en": "and is trained like the rest", "ko": "함께 학습되는 숫자"},
    "what eval is for": {"en": "`model.eval()` tells", "ko": "`model.eval()`은"},
    "the first Adam is slow": {
        "en": "`torch.optim.Adam` takes some seconds",
        "ko": "처음 부를 때에는",
    },
}


def outputs(language):
    """What the code cells of the solution print and display, as text, in order."""
    found = []
    for cell in filter(is_code, solution("mf", language).cells):
        for output in cell.outputs:
            found.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("thing", SHOWN)
def test_what_the_original_prints_is_printed(thing, language):
    assert any(re.search(SHOWN[thing], text, re.MULTILINE) for text in outputs(language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("thing", SAID)
def test_what_a_student_must_know_is_said(thing, language):
    assert SAID[thing][language] in " ".join(" ".join(prose("mf", language)).split())


def corner(title):
    """The 5 x 5 table below a title in the solution, as an array, NaN for gaps."""
    (text,) = [text for text in outputs("en") if re.match(r"ratings\n", text)]
    block = re.search(rf"^{title}\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)[1]
    rows = [row.split()[1:] for row in block.splitlines()[-5:]]
    return np.array(rows, dtype=float)


def test_the_completion_rule_is_seen_in_a_corner_of_the_three_matrices():
    ratings, predictions, completed = map(corner, ("ratings", "predictions", "completed"))
    gaps = np.isnan(ratings)
    assert ratings.shape == predictions.shape == completed.shape == (5, 5)
    assert 0 < gaps.sum() < 25
    assert np.array_equal(completed, np.where(gaps, predictions, ratings))
    assert not np.array_equal(completed, predictions)
