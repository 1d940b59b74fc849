"""The commands on a course with one toy lesson; running is replaced, a kernel would add nothing."""

import json
from copy import deepcopy

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_output
from toy_lessons import TOY, UNREAD_TOY

from autograder.build import command
from autograder.build.command import Data, build, check, data_at_hand
from autograder.build.notebooks import read_notebook, to_text
from autograder.build.translations import accept_translations, stale_names
from autograder.errors import BuildError, DataError

FILES = {
    f"{folder}/toy/toy.ipynb"
    for folder in ("source", "release/en", "release/ko", "solutions/en", "solutions/ko")
}
SOLUTION = "solutions/en/toy/toy.ipynb"
EDITED = UNREAD_TOY.replace("A mean is", "A mean, again, is")
AGAIN = accept_translations(EDITED, "toy")


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course whose solutions 'run' by printing the name of the data."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons/toy.py").write_text(TOY)

    def run(notebook, name, data=None):
        result = deepcopy(notebook)
        for number, cell in enumerate(c for c in result.cells if c.cell_type == "code"):
            cell.execution_count = number + 1
            text = f"on {data.name}, rmse {len(list(data.iterdir()))}.0\n"
            cell.outputs = [new_output("stream", name="stdout", text=text)]
        return result

    monkeypatch.setattr(command, "execute", run)
    monkeypatch.setattr(command, "raises_when_run", lambda notebook, data: True)
    monkeypatch.setattr(command, "is_real", lambda folder: folder.name == "real")
    monkeypatch.delenv("MOVIELENS_DIR", raising=False)
    for name in ("real", "standin"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "u.data").write_text("")
    return tmp_path


def call(course, subcommand, *arguments):
    return CliRunner().invoke(subcommand, arguments, obj=course, catch_exceptions=False)


def built_files(course):
    return {path.relative_to(course).as_posix() for path in course.rglob("*.ipynb")}


def real(course):
    return f"--data={course / 'real'}"


def stand_in(course):
    return f"--data={course / 'standin'}"


def first_output(course, path=SOLUTION):
    return (
        next(c for c in read_notebook(course / path).cells if c.cell_type == "code").outputs[0].text
    )


def test_build_makes_master_releases_and_solutions_of_every_language(course):
    result = call(course, build, real(course))
    assert built_files(course) == FILES
    assert "5 notebooks built, 5 of them changed." in result.output
    assert "on real" in first_output(course)


def test_all_languages_show_the_outputs_of_one_run(course):
    call(course, build, real(course))
    assert first_output(course) == first_output(course, SOLUTION.replace("en", "ko"))


def test_a_second_build_touches_nothing(course):
    call(course, build, real(course))
    before = {path: (course / path).stat().st_mtime_ns for path in FILES}
    assert "0 of them changed" in call(course, build, real(course)).output
    assert {path: (course / path).stat().st_mtime_ns for path in FILES} == before


def test_outputs_that_show_the_same_are_not_rewritten(course):
    call(course, build, real(course))
    text = (course / SOLUTION).read_text().replace("rmse 1.0", "rmse 1.004")
    (course / SOLUTION).write_text(text)
    call(course, build, real(course))
    assert (course / SOLUTION).read_text() == text


def test_without_executing_no_solution_is_made(course):
    result = call(course, build, "--no-execute")
    assert built_files(course) == {path for path in FILES if "solutions" not in path}
    assert "--no-execute" in result.output
    assert SOLUTION in result.output


def test_without_executing_prose_is_renewed_and_outputs_stay(course):
    call(course, build, real(course))
    (course / "lessons/toy.py").write_text(AGAIN)
    call(course, build, "--no-execute")
    assert "again" in (course / SOLUTION).read_text()
    assert "on real" in first_output(course)


def test_a_solution_whose_code_changed_is_left_until_it_is_run(course):
    call(course, build, real(course))
    before = (course / SOLUTION).read_text()
    (course / "lessons/toy.py").write_text(TOY.replace("[1.0, 2.0", "[2.0, 1.0"))
    assert "left as they are" in call(course, build, "--no-execute").output
    assert (course / SOLUTION).read_text() == before


def test_a_stand_in_does_not_replace_what_real_data_showed(course):
    call(course, build, real(course))
    result = call(course, build, stand_in(course))
    assert "solutions are shown on real MovieLens, not on a stand-in" in result.output
    assert "on real" in first_output(course)


def test_a_stand_in_replaces_it_where_asked(course):
    call(course, build, real(course))
    call(course, build, stand_in(course), "--stand-in")
    assert "on standin" in first_output(course)


def test_a_stand_in_serves_where_there_is_no_solution_yet(course):
    call(course, build, stand_in(course))
    assert "on standin" in first_output(course)


def test_a_lesson_that_fails_leaves_the_course_as_it_was(course):
    call(course, build, real(course))
    before = {path: (course / path).read_bytes() for path in FILES}
    (course / "lessons/bad.py").write_text('# %% blank="a" mask="nowhere"\nx = 1\n')
    (course / "lessons/toy.py").write_text(AGAIN)
    with pytest.raises(BuildError, match="Lesson bad"):
        call(course, build, real(course))
    assert {path: (course / path).read_bytes() for path in built_files(course)} == before


def test_a_solution_that_fails_leaves_the_course_as_it_was(course, monkeypatch):
    def fails(notebook, name, data=None):
        raise BuildError(f"{name} raised")

    monkeypatch.setattr(command, "execute", fails)
    with pytest.raises(BuildError, match="solutions/en/toy/toy.ipynb raised"):
        call(course, build, real(course))
    assert built_files(course) == set()


def test_a_mask_in_a_string_that_nobody_feels_fails_the_build(course, monkeypatch):
    monkeypatch.setattr(command, "raises_when_run", lambda notebook, data: False)
    lesson = '# %% blank="a" mask="key"\nx = {"key": 1}\n\n# %% check="a" points=1\nassert x\n'
    (course / "lessons/toy.py").write_text(lesson)
    with pytest.raises(BuildError, match="runs without an error"):
        call(course, build, real(course))


def test_one_lesson_can_be_built_alone(course):
    (course / "lessons/other.py").write_text(TOY)
    call(course, build, "toy", real(course))
    assert built_files(course) == FILES


def test_an_unknown_lesson_is_named_with_those_there_are(course):
    with pytest.raises(BuildError, match="no lesson 'tyo': choose from toy"):
        call(course, build, "tyo")


def test_a_course_without_lessons_is_an_error(tmp_path):
    with pytest.raises(BuildError, match="There is no lesson in .*lessons"):
        call(tmp_path, build)


def test_a_data_folder_without_data_is_an_error(course):
    with pytest.raises(DataError, match="There is no u.data in"):
        call(course, build, f"--data={course / 'lessons'}")


def test_a_wrong_data_variable_is_an_error_and_no_reason_for_a_stand_in(course, monkeypatch):
    monkeypatch.setenv("MOVIELENS_DIR", str(course / "lessons"))
    with pytest.raises(DataError, match="MOVIELENS_DIR"):
        call(course, build)


def test_a_fresh_build_checks_out_and_the_report_says_that_outputs_were_compared(course):
    call(course, build, real(course))
    output = call(course, check, real(course)).output
    assert output.startswith(
        "Compared code, prose and metadata of 5 notebooks; outputs too, on real MovieLens in"
    )


def test_without_real_data_the_report_says_that_outputs_were_not_compared(course):
    call(course, build, real(course))
    output = call(course, check, stand_in(course)).output
    assert "outputs not (no real MovieLens is at hand)" in output


def differences(course, *arguments):
    runner = CliRunner()
    result = runner.invoke(check, [real(course), *arguments], obj=course)
    assert isinstance(result.exception, BuildError)
    return result.output.split("\n")[:-2], str(result.exception)


def test_an_edited_release_is_found_by_file_and_cell(course):
    call(course, build, real(course))
    path = course / "release/en/toy/toy.ipynb"
    path.write_text(path.read_text().replace("numbers", "figures"))
    lines, sentence = differences(course)
    assert lines == [
        "release/en/toy/toy.ipynb: cell blank-toy-mean: code differs",
        "release/en/toy/toy.ipynb: cell blank-toy-spread: code differs",
    ]
    assert sentence.startswith("2 differences")
    assert "run `autograder build`" in sentence


def test_missing_and_stray_files_are_found(course):
    call(course, build, real(course))
    (course / "release/ko/toy/toy.ipynb").unlink()
    (course / "source/toy/answers.txt").write_text("42")
    lines, _ = differences(course)
    assert lines == [
        "source/toy/answers.txt: no lesson builds this file",
        "release/ko/toy/toy.ipynb: missing",
    ]


def test_outputs_that_show_something_else_are_found(course):
    call(course, build, real(course))
    path = course / SOLUTION
    path.write_text(path.read_text().replace("rmse 1.0", "rmse 2.0", 1))
    lines, _ = differences(course)
    (line,) = lines
    assert line.startswith(f"{SOLUTION}: cell code-")
    assert line.endswith(": outputs differ (shows 2.0 instead of 1.0)")


def test_a_solution_that_was_never_run_is_found_without_data(course):
    call(course, build, real(course))
    notebook = read_notebook(course / SOLUTION)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    (course / SOLUTION).write_text(to_text(notebook))
    lines, _ = differences(course, "--no-execute")
    assert lines == [f"{SOLUTION}: notebook: was never executed"]


def test_another_layout_of_the_same_notebook_is_found(course):
    call(course, build, real(course))
    path = course / "source/toy/toy.ipynb"
    path.write_text(json.dumps(json.loads(path.read_text())))
    lines, _ = differences(course)
    assert lines == ["source/toy/toy.ipynb: notebook: not in the form that the build writes"]


def test_build_with_check_writes_nothing(course):
    result = CliRunner().invoke(build, ["--check", real(course)], obj=course)
    assert isinstance(result.exception, BuildError)
    assert built_files(course) == set()


def test_an_english_edit_alone_fails_the_build_until_its_translation_is_accepted(course):
    stale = TOY.replace("A mean is", "A mean, again, is")
    (course / "lessons/toy.py").write_text(stale)
    with pytest.raises(BuildError, match="Lesson toy, cell `# 평균`: the English text has changed"):
        call(course, build, real(course))
    assert built_files(course) == set()
    [(mark, _)] = stale_names(stale, "toy").items()
    with pytest.raises(BuildError) as refused:
        call(course, build, "--accept-translations", "elsewhere")
    assert f"under elsewhere: name one of those that do ({mark} (`# 평균`))" in str(refused.value)
    assert (course / "lessons/toy.py").read_text() == stale
    output = call(course, build, real(course), "--accept-translations", mark).output
    assert output.startswith("wrote lessons/toy.py\n")
    assert (course / "lessons/toy.py").read_text() == AGAIN


def save_from_jupyterlab(path):
    """Write a master as JupyterLab does that ran it: outputs, counts and metadata of its own."""
    master = nbformat.read(path, 4)
    master.metadata["language_info"] = {"name": "python", "version": "3.13.0"}
    for number, cell in enumerate(cell for cell in master.cells if cell.cell_type == "code"):
        cell.execution_count = number
        cell.metadata["execution"] = {"iopub.status.busy": "2026"}
    nbformat.write(master, path)


def test_a_master_edited_by_hand_is_not_overwritten(course):
    call(course, build, real(course))
    path = course / "source/toy/toy.ipynb"
    edited = path.read_text().replace("values = [1.0, 2.0, 6.0]", "values = [1.0, 2.0, 9.0]")
    path.write_text(edited)
    before = built_files(course)
    (course / "lessons/toy.py").write_text(TOY.replace("A mean is", "A  mean is"))
    with pytest.raises(BuildError) as problem:
        call(course, build, real(course))
    told = str(problem.value)
    assert "source/toy/toy.ipynb was edited by hand" in told
    assert "carry the change into lessons/toy.py" in told
    assert "remove lessons/toy.py" in told
    assert "no notebook was written" in told
    assert path.read_text() == edited
    assert built_files(course) == before


@pytest.mark.parametrize(
    "edit",
    [
        lambda master: master.cells.pop(),
        lambda master: master.cells[0].update(source="# Other"),
        lambda master: [
            cell.metadata.nbgrader.update(points=9)
            for cell in master.cells
            if "points" in cell.metadata.get("nbgrader", {})
        ],
        lambda master: master.cells.reverse(),
    ],
)
def test_every_kind_of_edit_counts(course, edit):
    call(course, build, real(course))
    path = course / "source/toy/toy.ipynb"
    master = nbformat.read(path, 4)
    edit(master)
    nbformat.write(master, path)
    with pytest.raises(BuildError, match="edited by hand"):
        call(course, build, real(course))


def test_a_master_that_was_only_opened_and_saved_is_built_again(course):
    call(course, build, real(course))
    save_from_jupyterlab(course / "source/toy/toy.ipynb")
    (course / "lessons/toy.py").write_text(TOY.replace("three values", "3 values"))
    assert "wrote source/toy/toy.ipynb" in call(course, build, real(course)).output


def test_keeping_an_edited_notebook_instead_of_its_lesson_leads_on(course):
    call(course, build, real(course))
    (course / "lessons/toy.py").unlink()
    before = built_files(course)
    assert "0 notebooks built" in call(course, build, real(course)).output
    call(course, check, real(course))
    with pytest.raises(
        BuildError, match="toy is a notebook of your own: there is nothing to build"
    ):
        call(course, build, real(course), "toy")
    assert built_files(course) == before


def test_an_instructors_own_notebook_is_left_alone(course):
    call(course, build, real(course))
    own = course / "source/quiz/quiz.ipynb"
    own.parent.mkdir()
    own.write_text((course / "source/toy/toy.ipynb").read_text())
    call(course, build, real(course))
    call(course, check, real(course))
    assert own.is_file()


def test_where_there_is_no_data_a_stand_in_is_made_and_goes_again(course):
    with data_at_hand(course, None) as data:
        assert not data.is_real
        assert (data.folder / "u.data").is_file()
        assert course not in data.folder.parents
    assert not data.folder.exists()


def test_the_data_tell_what_they_are(course):
    assert str(Data(course, is_real=True)) == f"real MovieLens in {course}"
