"""Lessons are readable without seeing colours or pictures, and with a screen reader."""

import re

import nbconvert
import pytest
from bs4 import BeautifulSoup
from lesson_texts import ASSIGNMENTS, LANGUAGES, built, prose, solution

from autograder.build.figures import LABELS, SHOW
from autograder.build.notebooks import is_code

EVEN_IN_LIGHTNESS = {"cividis", "viridis", "gray_r", "gray"}
GREY = re.compile(r"black|white|0?\.\d+")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def figure_cells(assignment, language="en"):
    return [
        c for c in built(assignment).releases[language].cells if is_code(c) and SHOW in c.source
    ]


def images(notebook):
    return [
        (cell, output)
        for cell in notebook.cells
        if is_code(cell)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_image_has_an_alternative_text_in_the_language_of_its_lesson(assignment, language):
    found = images(solution(assignment, language))
    assert len(found) == len(figure_cells(assignment)) >= 2
    for cell, _ in found:
        assert len(cell.metadata["alt"]) > 40
        assert bool(re.search(r"[가-힣]", cell.metadata["alt"])) == (language == "ko")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_html_of_the_classic_template_gives_each_image_its_alternative_text(assignment, language):
    notebook = solution(assignment, language)
    html, _ = nbconvert.HTMLExporter(template_name="classic").from_notebook_node(notebook)
    shown = [image["alt"] for image in BeautifulSoup(html, "html.parser").select("img[alt]")]
    assert shown == [cell.metadata["alt"] for cell, _ in images(notebook)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_figure_is_described_right_below_it(assignment, language):
    described = [text for text in prose(assignment, language) if text.startswith(LABELS)]
    assert len(described) == len(figure_cells(assignment, language))
    label = LABELS[LANGUAGES.index(language)]
    assert all(text.startswith(label) for text in described)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_colours_are_greys_or_of_maps_that_are_even_in_lightness(assignment):
    for cell in figure_cells(assignment):
        assert set(re.findall(r'cmap="(\w+)"', cell.source)) <= EVEN_IN_LIGHTNESS
        for value in re.findall(
            r"(?<![a-z])(?:face|edge)?color=([^,)\n]+(?:\"[^\n]*)?)", cell.source
        ):
            colours = re.findall(r'"([^"]+)"', value.split(", label")[0].split(", marker")[0])
            assert all(GREY.fullmatch(colour) for colour in colours if " " not in colour), value


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_curves_in_one_figure_differ_in_line_style_and_not_in_colour_alone(assignment):
    for cell in figure_cells(assignment):
        styles = re.findall(r'"([os^]?-{1,2}\.?)"', cell.source)
        assert len(styles) == len(set(styles))
        plots = cell.source.count(".plot(")
        assert len(styles) >= plots


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_figure_has_a_title_and_names_its_axes(assignment):
    for cell in figure_cells(assignment):
        panels = cell.source.count("title=")
        assert panels >= 1
        assert cell.source.count("xlabel=") == panels
        assert "ylabel=" in cell.source or ".barh(" in cell.source  # its bars are named one by one


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_map_of_colours_comes_with_numbers_or_a_colour_bar(assignment):
    for cell in figure_cells(assignment):
        if "cividis" in cell.source:
            assert "colorbar" in cell.source


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_headings_are_one_title_then_units_and_no_level_is_skipped(assignment, language):
    headings = HEADING.findall("\n\n".join(prose(assignment, language)))
    levels = [len(marks) for marks, _ in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert 7 <= levels.count(2) <= 11


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_units_are_numbered_without_a_break_and_only_the_last_has_no_number(assignment, language):
    units = re.findall(r"^## (.+)$", "\n".join(prose(assignment, language)), re.MULTILINE)
    numbers = [re.match(r"(\d+)\. ", unit) for unit in units]
    assert numbers[-1] is None
    assert [int(n[1]) for n in numbers[:-1]] == list(range(1, len(units)))
