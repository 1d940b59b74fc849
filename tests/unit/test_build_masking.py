import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_lessons import lesson

from autograder.build.masking import locate_masks, mask_blanks, masked_source, star
from autograder.build.pipelines import build_master
from autograder.errors import BuildError

CHECK = '# %% check="a" points=1\nassert True'


def mask(code, tokens):
    master = build_master(lesson(f'# %% blank="a" mask="{tokens}"\n{code}', CHECK), "toy")
    return mask_blanks(master).cells[0].source


@pytest.mark.parametrize(
    ("token", "stars"), [("n_factors", "*_*******"), ("user2idx", "********"), ("_a", "_*")]
)
def test_letters_and_digits_become_stars_and_underscores_stay(token, stars):
    assert star(token) == stars


def test_a_token_is_its_next_occurrence_after_the_one_before_it():
    assert mask("f(k, n) + g(k, n)", "n k") == "f(k, *) + g(*, n)"


def test_a_numbered_token_is_counted_in_the_whole_cell():
    assert mask("f(k, n) + g(k, n)", "k@2 n") == "f(k, n) + g(*, *)"


def test_only_whole_identifiers_count():
    assert mask("kk = k2 + ak\nx = f(k)", "k") == "kk = k2 + ak\nx = f(*)"


def test_brackets_mask_a_part_of_an_identifier():
    code = "a, b = train_test_split(x)\nc, d = train_test_split(b)"
    assert mask(code, "train_test_[split]@2") == code.replace("split(b)", "*****(b)")


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        ("mean", "masked token 'mean' does not occur in the cell"),
        ("sum@3", "masked token 'sum@3' does not occur"),
        ("total sum total", "masked token 'total' does not occur after the one before it"),
        ("sum@0", "'sum@0' is no token to mask"),
        ("x+y", "is no token to mask"),
    ],
)
def test_an_absent_token_is_named(tokens, problem):
    with pytest.raises(BuildError, match="Lesson toy, cell blank-a: ") as caught:
        mask("total = sum([1, 2])", tokens)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("def f(k, x):\n    return x", id="star_makes_an_argument_keyword_only"),
        pytest.param("x = 1  # times k", id="mask_in_a_comment"),
        pytest.param('def f():\n    """Give k."""', id="mask_in_a_docstring"),
    ],
)
def test_a_masked_cell_that_still_compiles_is_an_error(code):
    with pytest.raises(BuildError, match="still compiles"):
        mask(code, "k")


def test_a_mask_in_a_used_string_may_compile():
    assert mask('x = row["user_idx"]', "user_idx") == 'x = row["****_***"]'


def test_a_blank_with_nothing_to_fill_is_an_error():
    master = build_master(lesson('# %% blank="a"\nx = 1', CHECK), "toy")
    with pytest.raises(BuildError, match="neither mask nor SOLUTION region"):
        mask_blanks(master)


def test_a_mask_inside_a_region_is_an_error():
    code = "### BEGIN SOLUTION\nx = sum([1])\n### END SOLUTION"
    with pytest.raises(BuildError, match="mask 'sum' stands in a SOLUTION region"):
        mask(code, "sum")


identifiers = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


@settings(deadline=None)
@given(st.lists(identifiers, min_size=1, max_size=8), st.data())
def test_located_masks_ascend_and_masking_keeps_length_and_lines(words, data):
    source = "\n".join(f"{word} = 1" for word in words)
    chosen = data.draw(st.lists(st.sampled_from(range(len(words))), unique=True).map(sorted))
    ordinals = [words[: n + 1].count(words[n]) for n in chosen]
    entries = [f"{words[n]}@{k}" for n, k in zip(chosen, ordinals, strict=True)]
    masks = locate_masks(source, entries)
    assert [source[slice(*m.span)] for m in masks] == [words[n] for n in chosen]
    masked = masked_source(source, masks)
    assert [len(line) for line in masked.split("\n")] == [len(line) for line in source.split("\n")]
    changed = {
        n
        for n, pair in enumerate(zip(masked.split("\n"), source.split("\n"), strict=True))
        if pair[0] != pair[1]
    }
    assert changed == {n for n in chosen if words[n].strip("_")}
