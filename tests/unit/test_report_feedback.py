"""The page that a student gets, made by nbgrader's converter from graded notebooks."""

import base64
import json
import re
import shutil
import time
import unicodedata
import warnings
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

from autograder.build import build_release, read_notebook
from autograder.build.notebooks import is_answer, is_check, is_code
from autograder.errors import GradingError
from autograder.grading.classroom import Classroom, read_config
from autograder.grading.rebuild import rebuild
from autograder.report.feedback import CHANGED, GONE, generate_feedback
from autograder.report.page import CARRIED_ON, SOURCES, Ledger, feedback_page
from autograder.report.prose import Prose

ROOT = Path(__file__).parents[2]
MASTER = read_notebook(ROOT / "source/svd/svd.ipynb")
SOLUTION = read_notebook(ROOT / "solutions/en/svd/svd.ipynb")
CHECKS = {"svd-block": 3, "svd-factors": 3, "svd-complete": 4, "svd-rank": 4}
PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()
SECRET = "4.159265"
"""Stands for what a grading run put out."""

EVIL = "https://evil.example"
SCRIPTS = (
    f"<script src='{EVIL}/x.js'></script>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    f"<img src='{EVIL}/pixel.png'>",
    f"<iframe src='{EVIL}'></iframe>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    f"<link rel=stylesheet href='{EVIL}/x.css'>",
    f"<style>@import url({EVIL}/x.css);</style>",
    f"<meta http-equiv=refresh content='0;url={EVIL}'>",
    f"<base href='{EVIL}'>",
    f"<form action='{EVIL}'><button formaction='javascript:alert(1)'>x</button></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<details open ontoggle=alert(1)>",
    f"<object data='{EVIL}/x.swf'></object><embed src='{EVIL}/x.swf'>",
    f"<video poster='{EVIL}/p.png'><source src='{EVIL}/v.mp4'></video>",
    f'<div style="background:url({EVIL}/b.png)" onclick=alert(1)>x</div>',
    "<math><mtext></table><mglyph><style><img src=x onerror=alert(1)>",
    "</pre></section></main></body><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "{{ 7 * 7 }}{% raw %}<script>alert(1)</script>",
    "]]><!--><script>alert(1)</script>-->",
)
MARKDOWN = (
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](java&Tab;script&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x) [y](file:///etc/passwd) [z](//evil.example/x)",
    "[x][ref]\n\n[ref]: javascript:alert(1)",
    "<javascript:alert(1)>",
    f"![i]({EVIL}/pixel.png)",
    f"![i][far]\n\n[far]: {EVIL}/pixel.png",
    "![i](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "![i](attachment:missing.png) ![i](attachment:page.html) ![i](attachment:fake.png)",
    '![x" onerror="alert(1)](attachment:good.png)',
    "$\\href{javascript:alert(1)}{x}$ $$\\require{html}\\class{evil}{y}\\unicode{x3C}$$",
    "$\\text{</code><script>alert(1)</script>}$",
    "\\begin{x}<script>alert(1)</script>\\end{x}",
    "```mermaid\n</pre><script>alert(1)</script>\n```",
    "```<script>alert(1)</script>\ncode\n```",
    "```&Tab;\nnbconvert falls over this one\n```",
    "# <img src=x onerror=alert(1)>\n\n| <script>alert(1)</script> |\n|---|\n| <b onclick=x> |",
    "`<script>alert(1)</script>`",
    "\ufeff\x00<script\x00>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
)
ATTACHMENTS = {
    "good.png": {"image/png": PNG},
    "page.html": {"text/html": "<script>alert(1)</script>"},
    "fake.png": {"image/png": base64.b64encode(b"<script>alert(1)</script>").decode()},
    "x.svg": {"image/svg+xml": "<svg onload=alert(1)>"},
}


def hostile_outputs():
    html = "".join(SCRIPTS)
    bundles = [
        {"text/html": html, "text/plain": html},
        {"text/html": html},
        {"image/svg+xml": "<svg onload=alert(1)>", "text/plain": "a drawing"},
        {"application/javascript": "alert(1)"},
        {"text/markdown": "[x](javascript:alert(1))"},
        {"text/latex": "$\\href{javascript:alert(1)}{x}$"},
        {"application/pdf": PNG},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "a widget"},
        {"application/vnd.plotly.v1+json": {}, "text/plain": "a plot"},
        {"image/png": base64.b64encode(html.encode()).decode(), "text/plain": "a fake"},
        {"image/png": f'{PNG}" onerror="alert(1)', "text/plain": "a break"},
        {"image/png": PNG, "text/plain": "a point"},
    ]
    return [
        *(new_output("display_data", bundle, metadata={"isolated": True}) for bundle in bundles),
        new_output(
            "stream", name="stdout", text=f"{html}\x1b[31mred\x1b]8;;{EVIL}\x07link\x1b\\\x08"
        ),
        new_output("stream", name="stderr", text=html),
        new_output("error", ename=html, evalue=html, traceback=[html, f"\x1b[0;31m{html}"]),
    ]


def hostile(notebook):
    """Every trick in every place."""
    notebook.metadata["title"] = "</title><script>alert(1)</script>"
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    for cell in filter(is_code, notebook.cells):
        cell.outputs = hostile_outputs()
        cell.metadata |= {"tags": ['"><script>alert(1)</script>'], "name": "<script>"}
    for text in (*SCRIPTS, *MARKDOWN):
        notebook.cells.append(new_markdown_cell(text, attachments=deepcopy(ATTACHMENTS)))
        notebook.cells.append(new_code_cell(f"'''{text}'''"))
    answer = next(cell for cell in notebook.cells if is_answer(cell))
    answer.source = "\n\n".join((*SCRIPTS, *MARKDOWN))
    answer.attachments = deepcopy(ATTACHMENTS)
    return notebook


def verdict(check, points, outcome="PASSED", **more):
    standard = {"message": "", "place": None, "seconds": 1.0, "bonus": None, "carried_on": False}
    named = {"check": check, "points": points, "max_points": CHECKS[check], "outcome": outcome}
    return standard | named | more


PASSED = [verdict(check, points) for check, points in CHECKS.items()]


class Course:
    """A course with a gradebook and graded notebooks, as the engine leaves them."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("source/svd", "nbgrader_config.py"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        self.classroom = Classroom(folder, read_config(folder))
        self.classroom.register(["svd"])

    def path(self, step, student, suffix="ipynb"):
        path = self.folder / step / student / "svd" / f"svd.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, student, notebook, checks=PASSED, source="synthetic"):
        """Hand in a notebook and grade it by hand."""
        self.path("submitted", student).write_text(json.dumps(notebook))
        graded = rebuild(MASTER, notebook).notebook
        for cell in filter(is_code, graded.cells):
            cell.outputs = [new_output("stream", text=f"of the grading run {SECRET}")]
        result = graded.metadata.setdefault("autograder", {})
        result |= {"checks": checks, "source": source}
        nbformat.write(graded, self.path("autograded", student))
        with warnings.catch_warnings(), self.gradebook() as gradebook:
            warnings.simplefilter("ignore", SAWarning)  # nbgrader builds rows before it adds them
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission("svd", student)
            for check in checks:
                grade = gradebook.find_grade(check["check"], "svd", "svd", student)
                grade.auto_score, grade.extra_credit = check["points"], check["bonus"]
            answer = gradebook.find_grade("svd-why", "svd", "svd", student)
            answer.needs_manual_grade = True
            gradebook.db.commit()

    def gradebook(self):
        return Gradebook(self.classroom.db_url, self.classroom.course_id)

    def page(self, student, **options):
        """The page of one student, written now."""
        options = {"force": True} | options
        [path], _ = generate_feedback(self.folder, ["svd"], student, **options)
        assert path == self.path("feedback", student, "html")
        return path.read_text()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return Course(tmp_path_factory.mktemp("course"))


def soup_of(page):
    return BeautifulSoup(page, "html.parser")


def words(node):
    return " ".join(node.get_text(" ").split())


# --- What a student reads -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def partial(course):
    """The page of a notebook with a mixed result, and two extra cells."""
    notebook = deepcopy(SOLUTION)
    notebook.cells.insert(
        2, new_code_cell("mine = 1", outputs=[new_output("stream", text="mine!")])
    )
    notebook.cells = [cell for cell in notebook.cells if cell.id != "svd-rank"]
    message = "`global_mean` should be the mean of all ratings."
    place = {"cell": "blank-svd-complete", "line": 2, "error": "KeyError"}
    raised = "A cell of this exercise raised `KeyError` in its line 2."
    checks = [
        verdict("svd-block", 3.0),
        verdict("svd-factors", 0.0, "FAILED", message=message),
        verdict("svd-complete", 0.0, "ERROR", message=raised, place=place, carried_on=True),
        verdict("svd-rank", 4.0, bonus=2.0, carried_on=True),
    ]
    course.add("ann", notebook, checks)
    with course.gradebook() as gradebook:
        comment = gradebook.find_comment("svd-why", "svd", "svd", "ann")
        comment.manual_comment = "**Nicely** put <script>alert(1)</script>"
        gradebook.db.commit()
    return soup_of(course.page("ann"))


def test_the_table_says_each_checks_outcome_points_and_sentence(partial):
    rows = [[words(cell) for cell in row("td")] for row in partial.select("table.results tbody tr")]
    raised = "A cell of this exercise raised KeyError in its line 2. Show the cell."
    failed = "global_mean should be the mean of all ratings."
    assert rows == [
        ["svd-block", "✓ passed", "", "3 / 3", ""],
        ["svd-factors", "✗ not passed", failed, "0 / 3", ""],
        ["svd-complete", "! error", f"{raised} {CARRIED_ON}", "0 / 4", ""],
        ["svd-rank", "✓ passed", CARRIED_ON, "4 / 4", "+2"],
        ["svd-why", "… to be read by a person", "", "– / 3", ""],
    ]  # fmt: skip


def test_the_score_is_the_gradebooks(partial):
    said = "9 of 17 points, ann. 3 of these points are not read yet."
    assert words(partial.find(class_="score")) == said


def test_a_file_that_could_not_be_read_waits_for_a_person(course):
    checks = [verdict(name, 0.0, "UNREADABLE", message="Why.") for name in CHECKS]
    course.add("unread", deepcopy(SOLUTION), checks)
    page = soup_of(course.page("unread"))
    assert "0 of 17 points, unread. 17 of these points are not read yet." in words(page)
    row = words(page.select_one("table.results tbody tr"))
    assert row == "svd-block ? could not be read Why. – / 3"


def test_repairs_and_the_data_are_told(partial):
    text = words(partial)
    assert "svd-rank was missing: it is the lesson's again." in text
    assert SOURCES["synthetic"] in text


def test_every_link_leads_to_a_place_on_the_page(partial):
    places = {tag["id"] for tag in partial.select("[id]")}
    links = [tag["href"] for tag in partial.select("header a, .verdict a")]
    assert len(links) == 7 and {link.removeprefix("#") for link in links} <= places


def test_each_exercise_links_to_the_students_own_code(partial):
    links = {words(tag): tag["href"] for tag in partial.select("table.results td:first-child a")}
    own = {check: f"#cell-blank-{check}" for check in CHECKS}
    assert links == own | {"svd-why": "#cell-svd-why"}


def test_hints_and_the_lessons_folded_code_are_folded(partial):
    hints = partial.select(".prose details")
    assert len(hints) >= 4 and all(words(hint.summary) == "Hint" for hint in hints)
    assert all(len(words(hint)) > 40 and "<" not in words(hint) for hint in hints)
    [data] = [tag for tag in partial.find_all("details") if "urllib.request" in tag.get_text()]
    assert re.fullmatch(r"Show \d+ lines of the lesson's code", words(data.summary))
    assert not any(tag.has_attr("open") for tag in partial.find_all("details"))
    assert "</details>" not in words(partial)


@pytest.mark.parametrize(
    "source",
    ["<details><summary>x", "</details></div></section>", "<details open><summary onclick=x>y",
     "<DETAILS><summary></details></summary>", "> <details>\n\n<summary>"],
)  # fmt: skip
def test_what_folds_has_no_attribute_and_ends_with_its_cell(source):
    page = soup_of(f"<div>{Prose().html(source)}</div><p>after</p>")
    assert page.p.get_text() and page.find_all("p")[-1].parent is page
    assert not any(tag.attrs for tag in page.select("details, summary"))


@pytest.mark.parametrize(
    ("name", "target"),
    [("my sketch.png", "my%20sketch.png"), ("my sketch.png", "my sketch.png"), ("a.png", "<attachment:a.png>"),
     ("그림.png", "그림.png"), ("그림.png", "%EA%B7%B8%EB%A6%BC.png"), ("a&b.png", "a&amp;b.png"),
     (unicodedata.normalize("NFD", "그림.png"), "그림.png"), ("그림.png", unicodedata.normalize("NFD", "그림.png")),
     ("a.png", 'a.png "a title"'), ("a.png", "a.png 'a title'"), ("100%.png", "100%25.png"), ("A.PNG", "A.PNG")],
)  # fmt: skip
def test_a_pasted_picture_is_shown_however_its_name_is_written(name, target):
    target = target if "attachment:" in target else f"attachment:{target}"
    if " " in target and '"' not in target and "'" not in target:
        target = f"<{target}>"  # as Markdown has it
    page = soup_of(Prose().html(f"![mine]({target})", {name: {"image/png": PNG}}))
    assert page.img["src"] == f"data:image/png;base64,{PNG}" and page.img["alt"] == "mine"


def test_each_check_is_followed_by_its_result(partial):
    place = partial.find(id="cell-svd-factors")
    assert words(place.find(class_="verdict")).startswith("✗ not passed , 0 of 3 points.")


def test_the_line_that_raised_is_marked(partial):
    assert len(partial.find(id="cell-blank-svd-complete").select(".hll")) == 1


def test_outputs_are_those_handed_in(partial):
    handed_in = {cell.id: cell.outputs for cell in SOLUTION.cells if is_code(cell)}
    assert "mine!" in words(partial.find(id="cell-extra-1"))
    for name in ("svd-block", "blank-svd-factors"):
        texts = "".join(output.get("text", "") for output in handed_in[name])
        assert words(BeautifulSoup(f"<p>{texts}</p>", "html.parser")) in words(
            partial.find(id=f"cell-{name}")
        )
    pictures = [
        o.data["image/png"]
        for os in handed_in.values()
        for o in os
        if "image/png" in o.get("data", ())
    ]
    shown = [tag["src"].partition(",")[2] for tag in partial.select("img.output")]
    assert shown == ["".join(picture.split()) for picture in pictures] != []


def test_comments_of_instructors_are_shown_inert(partial):
    [comment] = partial.select(".comment")
    assert words(comment) == "Comment of your instructor Nicely put <script>alert(1)</script>"


def test_formulas_are_drawn(partial):
    pictures = partial.select("img.formula")
    assert len(pictures) > 5 and all(picture["alt"] for picture in pictures)


def test_a_grade_given_by_hand_and_a_penalty_are_shown(course):
    course.add("late", deepcopy(SOLUTION))
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("svd-why", "svd", "svd", "late")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        gradebook.find_submission_notebook("svd", "svd", "late").late_submission_penalty = 3
        gradebook.db.commit()
    text = words(soup_of(course.page("late")))
    assert "svd-why ✓ read 2.5 / 3" in text and "13.5 of 17 points" in text
    assert "3 points were taken off because it was handed in late." in text


def test_a_notebook_without_results_of_the_engine_has_points_all_the_same(course):
    course.add("plain", deepcopy(SOLUTION))
    path = course.path("autograded", "plain")
    notebook = nbformat.read(path, 4)
    del notebook.metadata["autograder"]
    nbformat.write(notebook, path)
    assert "svd-block · graded 3 / 3" in words(soup_of(course.page("plain")))


# --- What no student reads ------------------------------------------------------------------------


def test_nothing_of_the_grading_run_or_the_hidden_tests_is_on_the_page(course, partial):
    page = str(partial)
    for secret in (
        SECRET,
        "HIDDEN TESTS",
        "run_check",
        "autograder.checks",
        "NBVAL",
        str(course.folder),
        str(ROOT),
    ):
        assert secret not in page
    release = build_release(MASTER, "en")
    for cell in filter(is_check, release.cells):
        section = partial.find(id=f"cell-{cell.id}")
        assert section.find(class_="code").get_text().strip() == cell.source.strip()


def test_a_check_of_an_older_master_shows_no_hidden_test(course):
    course.add("older", deepcopy(SOLUTION))
    path = course.path("autograded", "older")
    path.write_text(path.read_text().replace("run_check(", "run_old_check("))
    page = course.page("older")
    assert "run_old_check" not in page and "HIDDEN TESTS" not in page
    assert CHANGED in words(soup_of(page))


def test_without_the_file_handed_in_no_outputs_are_shown(course):
    course.add("gone", deepcopy(SOLUTION))
    shutil.rmtree(course.folder / "submitted/gone")
    page = soup_of(course.page("gone"))
    assert GONE in words(page) and page.select(".output") == []


def test_outputs_of_a_file_handed_in_again_are_shown_only_where_cells_are_the_same(course):
    course.add("again", deepcopy(SOLUTION))
    newer = deepcopy(SOLUTION)
    for cell in filter(is_code, newer.cells):
        cell.outputs = [new_output("stream", text="newer")]
    cell = next(cell for cell in newer.cells if cell.id == "blank-svd-factors")
    cell.source += "\n# more"
    course.path("submitted", "again").write_text(json.dumps(newer))
    page = soup_of(course.page("again"))
    assert page.find(id="cell-blank-svd-factors").select(".output") == []
    assert "newer" in words(page.find(id="cell-blank-svd-rank")) and CHANGED in words(page)


def test_a_file_that_is_a_link_to_the_master_shows_nothing_of_it(course):
    course.add("link", deepcopy(SOLUTION))
    path = course.path("submitted", "link")
    path.unlink()
    path.symlink_to(course.folder / "source/svd/svd.ipynb")
    page = soup_of(course.page("link"))
    assert page.select(".output") == [] and "run_check" not in str(page)


def test_no_other_file_gets_into_the_feedback_folder(course):
    course.add("files", deepcopy(SOLUTION))
    (course.folder / "autograded/files/svd/secret.txt").write_text("secret")
    course.page("files")
    names = sorted(path.name for path in (course.folder / "feedback/files/svd").iterdir())
    assert names == ["submission_secret.txt", "svd.html", "timestamp.txt"]


def test_the_stages_of_nbgrader_alone_make_no_page(course):
    course.add("stock", deepcopy(SOLUTION))
    config = course.folder / "nbgrader_config.py"
    text = config.read_text()
    config.write_text(
        f"{text}\nc.GenerateFeedback.preprocessors = ['nbgrader.preprocessors.GetGrades']\n"
    )
    try:
        with pytest.raises(GradingError, match="Feedback would show the grading run"):
            course.page("stock")
    finally:
        config.write_text(text)
    assert not course.path("feedback", "stock", "html").exists()


# --- What runs nothing ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile_page(course):
    checks = [
        verdict("svd-block", 0.0, "FAILED", message="<script>alert(1)</script>"),
        verdict(
            "svd-factors", 0.0, "<script>", place={"cell": '"><script>', "line": 1, "error": "x"}
        ),
    ]
    course.add("<b onclick=x>eve", hostile(deepcopy(SOLUTION)), checks)
    path = course.path("autograded", "<b onclick=x>eve")
    notebook = nbformat.read(path, 4)
    notebook.metadata["autograder"]["repairs"] = ["<script>alert(1)</script>"]
    nbformat.write(notebook, path)
    return soup_of(course.page("<b onclick=x>eve"))


def test_a_hostile_page_has_no_active_tag(hostile_page):
    active = "script iframe object embed svg math link base form button video audio source noscript input template"
    assert hostile_page.select(", ".join(active.split())) == []
    assert len(hostile_page("style")) == 1
    assert [tag.get("http-equiv") for tag in hostile_page("meta") if tag.get("http-equiv")] == [
        "Content-Security-Policy"
    ]


def test_a_hostile_page_has_no_handler_and_no_style_attribute(hostile_page):
    names = {name.lower() for tag in hostile_page.find_all(True) for name in tag.attrs}
    known = {"id", "class", "href", "src", "alt", "width", "height", "rel", "aria-hidden", "lang"}
    assert names <= known | {"charset", "http-equiv", "content", "name"}


def test_a_hostile_page_links_and_loads_only_what_is_safe(hostile_page):
    for tag in hostile_page.select("[href]"):
        assert re.match(r"#|https?://|mailto:", tag["href"]), tag
    for tag in hostile_page.select("[src]"):
        assert re.match(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*$", tag["src"]), tag
        content = base64.b64decode(tag["src"].partition(",")[2])
        assert content.startswith((b"\x89PNG", b"\xff\xd8\xff"))


def test_a_hostile_page_keeps_what_was_said_to_be_read(hostile_page):
    text = words(hostile_page)
    for said in (
        "<script>alert(1)</script>",
        "a drawing",
        "a widget",
        "a plot",
        "a fake",
        "redlink",
        "{{ 7 * 7 }}",
    ):
        assert said in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


def test_the_policy_allows_no_script_and_only_the_pages_own_style(partial):
    policy = partial.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy and "script-src" not in policy


SLOW = {
    "names of characters": ('"""', '"\\N{'),
    "nested f-strings": ("f'", "{f'"),
    "backslashes": ('"', "\\"),
    "decorators": ("", "@"),
}
"""Code that takes long to be coloured: how it starts, and what is repeated."""


@pytest.mark.parametrize("kind", SLOW)
def test_a_page_full_of_code_made_to_be_slow_is_laid_out_at_once(kind):
    start, part = SLOW[kind]
    source = start + part * (30_000 // len(part))
    sizes = [5_900] * 50 + [30_000] * 50
    notebook = new_notebook(cells=[new_code_cell(source[:size]) for size in sizes])
    start = time.process_time()
    page = feedback_page(notebook, Ledger("svd", "eve", 0.0, 0.0))
    assert time.process_time() - start < 10
    assert page.count("<pre>") >= 50


# --- A class --------------------------------------------------------------------------------------


def test_pages_are_written_again_only_where_something_is_newer(course):
    course.add("twice", deepcopy(SOLUTION))
    assert course.page("twice", force=False)
    assert generate_feedback(course.folder, ["svd"], "twice") == ([], [])
    path = course.path("autograded", "twice")
    path.write_text(path.read_text())
    assert len(generate_feedback(course.folder, ["svd"], "twice")[0]) == 1


def test_a_course_and_a_student_may_be_called_like_a_pattern(tmp_path):
    (tmp_path / "[2026] ML course").mkdir()
    course = Course(tmp_path / "[2026] ML course")
    for student in ("kim [A]", "kim A", "(lee)?+"):
        course.add(student, deepcopy(SOLUTION))
    assert "of 17 points, kim [A]" in words(soup_of(course.page("kim [A]")))
    assert len(generate_feedback(course.folder, ["svd"], force=True)[0]) == 3


@pytest.mark.parametrize(("student", "whose"), [("nobody", " of nobody"), (None, "")])
def test_what_is_not_graded_is_one_sentence(course, student, whose):
    name = "svd" if student else "mf"
    with pytest.raises(GradingError, match=f"Nothing{whose} is graded for {name}: run"):
        generate_feedback(course.folder, [name], student)


def test_one_damaged_notebook_keeps_no_other_page_from_being_made(course):
    for student in ("a-good", "b-damaged", "c-good"):
        course.add(student, deepcopy(SOLUTION))
    course.path("autograded", "b-damaged").write_text("{")
    with pytest.raises(GradingError, match="1 feedback pages could not be made.*b-damaged"):
        generate_feedback(course.folder, ["svd"])
    shutil.rmtree(course.folder / "autograded/b-damaged")
    assert course.path("feedback", "a-good", "html").is_file()
    assert course.path("feedback", "c-good", "html").is_file()
