"""What the original notebook shows of its first section, the executed solutions of lesson 1 show as well."""

import re

import pandas as pd
import pytest
from lesson_texts import LANGUAGES, prose, solution, text_above

from autograder.build.notebooks import is_code

FILMS = (
    *("Toy Story", "GoldenEye", "Four Rooms", "Get Shorty", "Copycat", "Shanghai Triad"),
    *("Twelve Monkeys", "Babe"),
)
EIGHT = [str(number) for number in range(1, 9)]


def shown(words, language):
    """The tables and texts below the only code cell that holds these words, as plain text, in order."""
    cells = [c for c in solution("svd", language).cells if is_code(c) and words in c.source]
    (cell,) = cells
    return [out.get("text") or out["data"].get("text/plain", "") for out in cell.outputs]


def rows(text):
    """The rows of a printed table: label -> entries."""
    found = (line.split() for line in text.splitlines())
    return {label: entries for label, *entries in found if label.isdecimal()}


def decimals(table):
    """The largest number of digits behind a point in a table's entries."""
    entries = [entry for row in table.values() for entry in row if "." in entry]
    return max(len(entry.partition(".")[2]) for entry in entries)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_files_are_explained_and_then_shown_with_five_rows_each(language):
    above = " ".join("\n".join(prose("svd", language)[:2]).split())
    for words in ("`u.data`", "`ratings`", "`u.item`", "`|`", "latin-1", "`movies`"):
        assert words in above
    assert re.search(
        {"en": "four columns, separated by tabs", "ko": "탭으로 구분된 네 열"}[language], above
    )
    assert re.search({"en": "Columns 0 and 1", "ko": "0번 열.*1번 열"}[language], above)
    (ratings,), (movies,) = shown("ratings.head()", language), shown("movies.head()", language)
    assert list(rows(ratings)) == list(rows(movies)) == ["0", "1", "2", "3", "4"]
    assert rows(ratings)["0"] == ["196", "242", "3.0", "881250949"]
    assert all(title in movies for title in FILMS[:5])


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_why_ids_are_sorted_and_the_eight_films_are_named(language):
    above = "\n".join(text_above("blank-svd-block", language))
    assert {"en": "the ids are sorted first", "ko": "번호를 먼저 정렬합니다"}[language] in " ".join(
        above.split()
    )
    (films,) = shown("sample_users, sample_movies = ", language)
    assert len(rows(films)) == 8
    assert all(title in films for title in FILMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_block_is_shown_with_its_ids_and_gaps(language):
    (block,) = shown("R_block = R_sparse.loc", language)
    assert list(rows(block)) == EIGHT
    assert "NaN" in block


@pytest.mark.parametrize("language", LANGUAGES)
def test_P_and_Q_are_two_tables_with_ids_to_three_decimals(language):  # noqa: N802
    users, movies = (rows(text) for text in shown("P_df.round(3)", language))
    assert list(users) == list(movies) == EIGHT
    assert decimals(users) == decimals(movies) == 3
    norms = pd.DataFrame(movies, dtype=float).pow(2).sum(axis=1)
    assert norms.tolist() == pytest.approx([1, 1], abs=0.01)


@pytest.mark.parametrize("language", LANGUAGES)
def test_ratings_and_predictions_of_rated_cells_stand_one_below_the_other(language):
    stars, predicted, error = shown("observed_pred.round(2)", language)
    assert re.fullmatch(r"RMSE on the observed cells: 0\.\d{3} stars\n", error)
    assert list(rows(stars)) == list(rows(predicted)) == EIGHT
    assert decimals(rows(predicted)) == 2
    gaps = [
        [entry == "NaN" for row in rows(t).values() for entry in row] for t in (stars, predicted)
    ]
    assert gaps[0] == gaps[1]
    assert 0 < sum(gaps[0]) < 64


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_completed_block_has_no_gap_and_two_decimals(language):
    (completed,) = shown("completed_block.round(2)", language)
    assert list(rows(completed)) == EIGHT
    assert decimals(rows(completed)) == 2
    assert "NaN" not in completed


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_to_run_to_answer_and_to_hand_in_is_said_at_the_top(language):
    first = prose("svd", language)[0]
    for words in ("Shift+Enter", "`*`", "`SyntaxError`", "`svd.ipynb`", "`svd-rank`"):
        assert words in first
