"""Lesson 3 shows what a training of a VAE is judged by: sizes, the network, every epoch, and the corners of its matrices."""

import re

import pytest
from lesson_texts import LANGUAGES, prose, solution

from autograder.build.notebooks import is_code

# What is shown -> (words of the cell's code, what its output must match)
DISPLAYS = {
    "users, items and the device": (
        "train_test_split(temp_df",
        r"943 users, 1682 items, device: \w+",
    ),
    "sizes of the split": ("train_test_split(temp_df", r"80000 / 10000 / 10000 ratings"),
    "shape of R_train and the users of the data set": (
        "train_user_dataset =",
        r"R_train: \(943, 1682\) and 943 users in the data set",
    ),
    "ones in the masks": ("train_user_dataset =", r"80000 10000 10000$"),
    "the network, layer by layer": (
        "class VAE",
        r"\(fc1\): Linear\(in_features=1682, out_features=600",
    ),
    "best and test RMSE": (
        "best validation RMSE",
        r"best validation RMSE 0\.\d{4} at epoch \d+, test RMSE 0\.\d{4}",
    ),
    "loss, its parts and validation RMSE of every epoch": (
        "best validation RMSE",
        r"loss +reconstruction +KL +validation RMSE",
    ),
    "the same corner of three matrices": (
        '"original": R_sparse_full',
        r"(?s)original .*predicted .*completed ",
    ),
}

SENTENCES = {
    "what eval switches": {"en": "`vae.eval()` switches", "ko": "`vae.eval()`은 드롭아웃"},
    "why beta is small": {"en": "$\\beta = 0.001$: so small", "ko": "이렇게 작은 까닭은"},
    "why the output has no activation": {
        "en": "The output has no activation function",
        "ko": "출력에는 활성화 함수",
    },
    "why the first Adam takes its time": {
        "en": "takes some seconds",
        "ko": "몇 초 걸립니다",
    },
    "how to hand in": {"en": "hand in `vae.ipynb`", "ko": "`vae.ipynb`를 바꾸지 말고"},
}


def shown(words, language):
    """What the only code cell with these words shows, as text."""
    [cell] = [c for c in solution("vae", language).cells if is_code(c) and words in c.source]
    texts = [out.get("text") or out.data.get("text/plain", "") for out in cell.outputs]
    return "\n".join(texts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", DISPLAYS)
def test_a_display_is_in_the_executed_solution(what, language):
    words, pattern = DISPLAYS[what]
    assert re.search(pattern, shown(words, language), re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", SENTENCES)
def test_a_sentence_stands_in_the_prose(what, language):
    text = " ".join("\n".join(prose("vae", language)).split())
    assert SENTENCES[what][language] in text


def test_the_table_has_a_row_for_each_epoch_and_its_loss_is_the_sum_of_its_parts():
    text = shown("best validation RMSE", "en")
    best, rmse = re.search(r"RMSE (\S+) at epoch (\d+)", text).groups()[::-1]
    rows = re.findall(r"^(\d+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$", text, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    for _, loss, reconstruction, kl, _ in rows:
        assert float(loss) == pytest.approx(float(reconstruction) + 0.001 * float(kl), abs=2e-4)
    lowest = min(rows, key=lambda row: float(row[4]))
    assert (lowest[0], lowest[4]) == (best, rmse)
