import pytest
from toy_lessons import BLANK, CHECK, TOY, UNREAD_TOY, in_english, lesson

from autograder.build.course import build_lesson
from autograder.build.languages import answer_languages, in_language
from autograder.build.pipelines import build_master, build_release, build_solution
from autograder.build.translations import accept_translations, fingerprint
from autograder.errors import BuildError

ENGLISH = '# %% [markdown] lang="en"\n# A sum.'
KOREAN = '# %% [markdown] lang="ko"\n# 합입니다.'
ANSWER = """\
# %% [markdown] answer="why" points=1
# <!-- en -->
# It adds up.
#
# <!-- ko -->
# 더하면 그렇습니다.
#
# <!-- marking scheme -->
# <!-- en -->
# 1 point: adding.
#
# <!-- ko -->
# 1점: 덧셈."""


def accepted(*cells):
    return accept_translations(lesson(*cells), "toy")


def build(*cells):
    return build_master(accepted(*cells), "toy")


def test_prose_in_both_languages_side_by_side_is_built():
    master = build(ENGLISH, KOREAN, BLANK, CHECK)
    assert build_release(master, "en").cells[0].source == "A sum."
    assert build_release(master, "ko").cells[0].source == "합입니다."


def test_a_lesson_in_one_language_needs_no_counterparts():
    text = lesson(ENGLISH, BLANK, CHECK)
    assert build_master(in_english(text), "toy").cells[0].source == "A sum."
    with pytest.raises(BuildError, match=r"no ko counterpart.*languages: \[en\]"):
        build_master(text, "toy")


def test_a_lesson_that_says_one_language_has_no_other():
    with pytest.raises(BuildError, match="prose in 'ko'"):
        build_master(in_english(lesson(ENGLISH, KOREAN)), "toy")


@pytest.mark.parametrize("named", ["[fr]", "en", "[]", "[en, fr]", "[[en]]", "[{a: b}]"])
def test_a_head_that_names_no_language_is_an_error(named):
    text = in_english(lesson(ENGLISH)).replace("[en]", named)
    with pytest.raises(BuildError, match="its head says `languages:"):
        build_master(text, "toy")


def test_a_head_that_cannot_be_read_is_a_sentence():
    with pytest.raises(BuildError, match="Lesson toy: its head cannot be read"):
        build_master(in_english(lesson(ENGLISH)).replace("[en]", "[en"), "toy")


def test_a_blank_that_is_broken_before_it_is_masked_is_a_sentence(tmp_path):
    path = tmp_path / "toy.py"
    path.write_text(lesson('# %% blank="a" mask="a"\na b', CHECK))
    with pytest.raises(BuildError, match="Lesson toy, cell blank-a: the code does not parse"):
        build_lesson(path)


def test_all_faults_of_a_lesson_are_told_in_one_run(tmp_path):
    faulty = lesson(
        ENGLISH,
        '# %% blank="Not a name"\nx = 1',
        '# %% blank="a" mask="absent"\ntotal = sum([1])',
        CHECK,
        '# %% [markdown] answer="toy-why" points=1\n# No scheme.',
        "# %%\n!ls",
    )
    path = tmp_path / "toy.py"
    path.write_text(faulty)
    with pytest.raises(BuildError) as problem:
        build_lesson(path)
    told = str(problem.value)
    for fault in ("no ko counterpart", "no marking scheme", "does not occur", "is no name"):
        assert fault in told
    assert all(line.startswith("Lesson toy, cell ") for line in told.split("\n"))


def test_answers_may_be_as_many_as_a_lesson_wants():
    answers = [
        f'# %% [markdown] answer="toy-{name}" points=2\n# So.\n#\n# <!-- marking scheme -->\n# 2 points.'
        for name in ("why", "how", "when")
    ]
    master = build_master(lesson(*answers), "toy")
    assert [c.metadata.nbgrader.grade_id for c in master.cells] == [
        "toy-why",
        "toy-how",
        "toy-when",
    ]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ((ENGLISH, KOREAN, ENGLISH), "Lesson toy, cell `A sum.`: no ko counterpart; put one right"),
        ((ENGLISH, BLANK, CHECK, KOREAN), "Lesson toy, cell `A sum.`: no ko counterpart"),
        ((ENGLISH, ENGLISH, KOREAN), "Lesson toy, cell `A sum.`: no ko counterpart"),
        (
            (ENGLISH, KOREAN, KOREAN),
            "Lesson toy, cell `합입니다.`: no en counterpart; put one right",
        ),
        ((KOREAN, ENGLISH), "Lesson toy, cell `합입니다.`: no en counterpart"),
    ],
    ids=["missing", "apart", "twice", "without-english", "upside-down"],
)
def test_a_missing_counterpart_is_one_sentence_with_lesson_and_cell(cells, sentence):
    for call in (lambda: build_master(lesson(*cells), "toy"), lambda: accepted(*cells)):
        with pytest.raises(BuildError) as problem:
            call()
        assert str(problem.value).startswith(sentence)


def test_an_english_text_edited_alone_names_the_translation_and_the_way_out():
    stale = accepted(ENGLISH, KOREAN).replace("A sum.", "A product.")
    with pytest.raises(BuildError) as problem:
        build_master(stale, "toy")
    assert str(problem.value) == (
        "Lesson toy, cell `합입니다.`: the English text has changed since it was translated; read both, "
        "mend one, then run `autograder build --accept-translations 7490524b`."
    )


def test_a_translation_never_held_against_its_english_is_stale_too():
    with pytest.raises(BuildError, match="cell `합입니다.`: no of=; read both"):
        build_master(lesson(ENGLISH, KOREAN), "toy")


def test_editing_the_translation_alone_is_nobodys_business():
    build_master(accepted(ENGLISH, KOREAN).replace("합입니다", "더하기입니다"), "toy")


def test_wrapping_lines_anew_is_no_change_of_text():
    assert fingerprint("one two\nthree") == fingerprint("one\ntwo  three")
    assert fingerprint("one two") != fingerprint("one three")


def test_accepting_writes_a_fingerprint_into_each_header_and_nothing_else():
    text = accepted(ENGLISH, KOREAN, BLANK, CHECK)
    mark = f' of="{fingerprint("A sum.")}"'
    assert text.count(mark) == 1
    assert f'# %% [markdown] lang="ko"{mark}\n' in text
    assert text.replace(mark, "") == lesson(ENGLISH, KOREAN, BLANK, CHECK)


def test_text_above_the_first_header_shifts_no_fingerprint():
    text = lesson("", ENGLISH, KOREAN, BLANK, CHECK)
    build_master(accept_translations(text, "toy"), "toy")


def test_accepting_twice_changes_nothing_and_renews_what_is_stale():
    assert accept_translations(TOY, "toy") == TOY
    stale = TOY.replace("A mean is", "A mean, again, is")
    assert accept_translations(stale, "toy") == accept_translations(
        UNREAD_TOY.replace("A mean is", "A mean, again, is"), "toy"
    )


def test_fingerprints_reach_neither_students_nor_solutions():
    master = build(ENGLISH, KOREAN, BLANK, CHECK)
    for notebook in (build_release(master, "ko"), build_solution(master, "ko")):
        assert not any("course" in cell.metadata for cell in notebook.cells)


def test_of_belongs_to_translations_and_answers_alone():
    with pytest.raises(BuildError, match="'of' without lang or answer"):
        build_master('# %% [markdown] of="12345678"\n# text\n', "toy")


def test_an_answer_shows_each_language_its_own_model_answer():
    master = build(ENGLISH, KOREAN, ANSWER)
    assert build_solution(master, "en").cells[-1].source == "It adds up."
    assert build_solution(master, "ko").cells[-1].source == "더하면 그렇습니다."


def test_a_marking_scheme_is_in_each_language_and_in_the_master_alone():
    assert "1점: 덧셈." in in_language(build(ENGLISH, KOREAN, ANSWER).cells[-1].source, "ko")
    assert "1 point" not in in_language(build(ENGLISH, KOREAN, ANSWER).cells[-1].source, "ko")


def test_an_answer_without_marks_belongs_to_both_languages():
    plain = '# %% [markdown] answer="why" points=1\n# So.\n#\n# <!-- marking scheme -->\n# 1.'
    master = build(ENGLISH, KOREAN, plain)
    assert answer_languages(master.cells[-1].source) == ()
    assert {build_solution(master, lang).cells[-1].source for lang in ("en", "ko")} == {"So."}


@pytest.mark.parametrize(
    "missing", ["# <!-- ko -->\n# 더하면 그렇습니다.\n#\n", "\n# <!-- ko -->\n# 1점: 덧셈."]
)
def test_an_answer_that_lacks_a_language_somewhere_is_one_sentence(missing):
    with pytest.raises(BuildError) as problem:
        accepted(ENGLISH, KOREAN, ANSWER.replace(missing, ""))
    assert str(problem.value) == (
        "Lesson toy, cell why: model answer or marking scheme is not in every language; begin each part "
        "by <!-- en --> and <!-- ko -->."
    )


def test_an_answer_edited_in_english_alone_is_stale():
    with pytest.raises(BuildError, match="Lesson toy, cell why: the English text has changed"):
        build_master(accepted(ENGLISH, KOREAN, ANSWER).replace("1 point", "2 points"), "toy")


def test_a_missing_cell_is_named_before_a_stale_one():
    with pytest.raises(BuildError, match="no ko counterpart"):
        build_master(lesson(ENGLISH, KOREAN, ENGLISH.replace("sum", "product")), "toy")
