"""Whatever a student hands in is read without an error, and the right file of several is found."""

import json
import os
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import LoggingConfigurable

from autograder.build import read_notebook
from autograder.grading import reading
from autograder.grading.reading import TolerantExporter, find_submission, read_submission

ROOT = Path(__file__).parents[2]
LINE = "answer = 42"


def a_notebook(*sources, **metadata):
    cells = [new_code_cell(source) for source in sources or (LINE,)]
    return new_notebook(cells=cells, metadata=metadata)


def sources_of(read):
    return [cell.source for cell in read.notebook.cells]


def written(folder, content, name="mf.ipynb"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- What is no notebook --------------------------------------------------------------------------

NO_NOTEBOOKS = {
    "empty": b"",
    "blank": b" \n\t ",
    "half": nbformat.writes(a_notebook())[:-40],
    "a brace": "{",
    "a list": "[]",
    "a number": "1",
    "null": "null",
    "an object": "{}",
    "cells of a wrong type": '{"cells": {"a": 1}, "nbformat": 4}',
    "sheets of a wrong type": '{"worksheets": 7, "nbformat": 3}',
    "bytes": bytes(range(256)) * 40,
    "zeros": bytes(10_000),
    "a zip": b"PK\x03\x04" + bytes(500),
    "html": "<!DOCTYPE html><html><script>alert(1)</script></html>",
    "python": "import numpy as np\nprint('x')",
    "an open string": '{"cells": ["' + '\\"' * 200_000,
    "deep lists": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep cells": '{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "many values": '{"cells": [' + ",".join(["[]"] * 1_500_000) + "]}",
}


@pytest.mark.parametrize("content", NO_NOTEBOOKS.values(), ids=NO_NOTEBOOKS)
def test_what_is_no_notebook_is_an_empty_one_and_a_sentence(tmp_path, content):
    read = read_submission(written(tmp_path, content))
    assert not read.is_readable and read.notebook.cells == []
    nbformat.validate(read.notebook)
    [sentence] = read.repairs
    assert sentence.startswith("The file mf.ipynb is no notebook (")
    assert sentence.endswith("): nothing in it could be graded.")


def a_folder(path):
    path.mkdir()


def a_link_to_a_notebook(path):
    path.symlink_to(written(path.parent, nbformat.writes(a_notebook()), "elsewhere.ipynb"))


def a_dangling_link(path):
    path.symlink_to("nowhere")


def a_link_to_itself(path):
    path.symlink_to(path.name)


def a_link_to_a_device(path):
    path.symlink_to("/dev/zero")


def a_pipe(path):
    os.mkfifo(path)


def nothing(path):
    pass


def a_file_that_is_too_large(path):
    with path.open("wb") as file:
        file.truncate(500_000_000)


ODD_FILES = (
    a_folder, a_link_to_a_notebook, a_dangling_link, a_link_to_itself, a_link_to_a_device, a_pipe,
    nothing, a_file_that_is_too_large,
)  # fmt: skip


@pytest.mark.parametrize("make", ODD_FILES, ids=lambda make: make.__name__)
def test_what_is_no_plain_file_is_not_read(tmp_path, make):
    make(tmp_path / "mf.ipynb")
    read = read_submission(tmp_path / "mf.ipynb")
    assert not read.is_readable and len(read.repairs) == 1


def test_a_notebook_in_a_folder_that_is_a_link_is_not_read(tmp_path):
    written(tmp_path, nbformat.writes(a_notebook()), "master/mf.ipynb")
    (tmp_path / "mf").symlink_to("master")
    assert not read_submission(tmp_path / "mf/mf.ipynb").is_readable


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(["cells", "source", "metadata", "outputs", "cell_type", "id", "x",
                             "attachments", "worksheets", "nbgrader", "kernelspec", "level"]),
            inner,
        ),
    ),
    st.booleans(),
)  # fmt: skip
def test_whatever_json_is_handed_in_a_valid_notebook_comes_out(tmp_path_factory, value, keep):
    path = tmp_path_factory.getbasetemp() / "any.ipynb"
    path.write_text(json.dumps({"cells": value} if isinstance(value, list) else value))
    read = read_submission(path, keep_outputs=keep)
    if not keep:
        nbformat.validate(read.notebook)
    nbformat.writes(read.notebook).encode()


# --- What is a notebook all the same --------------------------------------------------------------


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_notebook_in_another_coding_is_read(tmp_path, coding):
    text = nbformat.writes(a_notebook("name = '영화'"))
    read = read_submission(written(tmp_path, text.encode(coding)))
    assert sources_of(read) == ["name = '영화'"] and read.repairs == ()


def test_odd_values_of_json_are_read(tmp_path):
    huge = "1" + "0" * 9999
    cell = f'{{"cell_type": "code", "metadata": {{"n": NaN, "m": {huge}}}, "source": "a = 1"}}'
    text = f'{{"cells": 3, "cells": [{cell}, null, 5, "x", [], {{}}], "nbformat": -Infinity}}'
    assert sources_of(read_submission(written(tmp_path, text))) == ["a = 1", ""]


def test_a_lone_surrogate_does_not_keep_a_notebook_from_being_written(tmp_path):
    notebook = a_notebook("x = '\ud800'")
    notebook.cells.append(new_markdown_cell("![a](attachment:a)", attachments={"\udc00": {}}))
    notebook.cells[0]["id"] = "\ud801"
    read = read_submission(written(tmp_path, json.dumps(notebook)))
    nbformat.writes(read.notebook).encode()


def test_ids_that_are_twice_there_or_not_allowed_are_renewed(tmp_path):
    notebook = a_notebook("a", "b", "c", "d")
    for cell, name in zip(notebook.cells, ["same", "same", "not allowed", "x" * 65], strict=True):
        cell["id"] = name
    read = read_submission(written(tmp_path, json.dumps(notebook)))
    nbformat.validate(read.notebook)
    assert sources_of(read) == ["a", "b", "c", "d"] and read.notebook.cells[0].id == "same"


def test_old_formats_are_read(tmp_path):
    three = nbformat.convert(a_notebook("a = 1"), 3)
    three.worksheets[0].cells.insert(
        0, NotebookNode(cell_type="heading", level=2, source="Top", metadata={})
    )
    two = {"nbformat": 2, "worksheets": [{"cells": [{"cell_type": "code", "input": "b = 1"}]}]}
    assert sources_of(read_submission(written(tmp_path, json.dumps(three)))) == ["## Top", "a = 1"]
    assert sources_of(read_submission(written(tmp_path, json.dumps(two)))) == ["b = 1"]


def test_metadata_is_kept_as_far_as_cells_are_known_by_it(tmp_path):
    notebook = a_notebook(
        autograder={"repairs": ["forged"]}, kernelspec={"name": "ir", "display_name": "R"}
    )
    notebook.cells[0].metadata = NotebookNode(
        nbgrader={"grade_id": "mf-model", "points": 50, "x": [1]},
        id="colab",
        tags=["skip-execution"],
    )
    read = read_submission(written(tmp_path, json.dumps(notebook))).notebook
    assert read.metadata == {"kernelspec": {"name": "ir", "display_name": "R"}}
    assert read.cells[0].metadata == {
        "nbgrader": {"grade_id": "mf-model", "points": 50}, "id": "colab"
    }  # fmt: skip


# --- Tails, code pages, archives ------------------------------------------------------------------

KOREAN = nbformat.writes(a_notebook(f'{LINE}  # 답은 "영화"이다'))
FRENCH = nbformat.writes(a_notebook(f"{LINE}  # c’est l’été à Besançon"))
SOUND = nbformat.writes(a_notebook())


@pytest.mark.parametrize(
    "tail",
    ['": "x"}]}', "}}]", '{"cells": []}', "답"[:1], "[" * 100_000],
    ids=lambda tail: tail[:9],
)
def test_the_tail_of_a_longer_file_is_left_out_and_told(tmp_path, tail):
    read = read_submission(written(tmp_path, SOUND + tail))
    assert sources_of(read) == [LINE]
    assert read.repairs == (reading.TAIL.format(name="mf.ipynb"),)


def test_a_tail_cut_within_a_character_does_not_spoil_the_text(tmp_path):
    read = read_submission(written(tmp_path, KOREAN.encode() + "영화".encode()[1:4]))
    assert "영화" in sources_of(read)[0] and len(read.repairs) == 1


@pytest.mark.parametrize("filling", [b"\0" * 5000, b"\r\n\r\n", b" \n\0"])
def test_zero_bytes_and_empty_lines_behind_a_notebook_are_nothing(tmp_path, filling):
    read = read_submission(written(tmp_path, SOUND.encode() + filling))
    assert sources_of(read) == [LINE] and read.repairs == ()


def test_lines_may_end_as_on_windows(tmp_path):
    read = read_submission(written(tmp_path, SOUND.replace("\n", "\r\n")))
    assert sources_of(read) == [LINE] and read.repairs == ()


@pytest.mark.parametrize(
    ("text", "coding", "language"),
    [
        (KOREAN, "cp949", "ko"),
        (KOREAN, "cp949", "en"),
        (FRENCH, "cp1252", "en"),
        (KOREAN, "utf-16-be", "en"),
        (KOREAN, "utf-32-le", "ko"),
    ],
)
def test_text_is_kept_in_whatever_coding_it_was_saved(tmp_path, text, coding, language):
    read = read_submission(written(tmp_path, text.encode(coding)), language=language)
    assert sources_of(read) == ["".join(json.loads(text)["cells"][0]["source"])]
    told = [] if coding.startswith("utf") else [f"it was read as {coding}"]
    assert [part in sentence for part, sentence in zip(told, read.repairs, strict=True)] == [
        True for _ in told
    ]


def test_characters_of_no_known_coding_are_replaced_and_told(tmp_path):
    content = SOUND.encode().replace(b"answer", b"answer\x81\xff")
    read = read_submission(written(tmp_path, content), language="en")
    assert "\ufffd" in sources_of(read)[0] and "were replaced" in read.repairs[0]


NAMED = {
    "a conflict of git, HEAD and lee": SOUND.replace(' "cells"', '<<<<<<< HEAD\n "cells"').replace(
        ' "metadata": {}', '=======\n "a": 1,\n>>>>>>> lee\n "metadata": {}'
    ),
    "cut short": SOUND[:-60],
    "a web page": "<!DOCTYPE html>\n<html><body>Please log in",
    "a gzip archive": b"\x1f\x8b\x08" + bytes(30),
    "Git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
    "zero bytes": bytes(4096),
    "a PDF file": b"%PDF-1.7\n",
}


@pytest.mark.parametrize("reason", NAMED)
def test_what_keeps_a_file_from_being_a_notebook_is_named(tmp_path, reason):
    [sentence] = read_submission(written(tmp_path, NAMED[reason])).repairs
    assert reason in sentence


def zipped(folder, members, kind=zipfile.ZIP_DEFLATED, name="mf.zip"):
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings(), zipfile.ZipFile(folder / name, "w", kind) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of a name that is there twice
        for member, content in members:
            archive.writestr(member, content)
    return folder / name


def a_link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


def encrypted(path):
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("member", ["mf.ipynb", "a/b/MF.IPYNB", "/etc/mf.ipynb"])
def test_the_one_notebook_of_a_zip_file_is_read_wherever_its_name_leads(tmp_path, member):
    others = [("__MACOSX/._mf.ipynb", b"x"), ("a/.ipynb_checkpoints/mf-checkpoint.ipynb", SOUND)]
    members = [(member, SOUND), ("notes.txt", "x"), *others]
    read = read_submission(zipped(tmp_path / "in", members))
    assert sources_of(read) == [LINE] and member in read.repairs[0]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["mf.zip"]


BAD_ZIPS = {
    "several notebooks, a.ipynb, b.ipynb": [("a.ipynb", SOUND), ("b.ipynb", SOUND)],
    "no notebook that can be opened": [("a.zip", b"PK\x03\x04")],
    "no notebook that can": [("../../mf.ipynb", SOUND)],
    "no notebook": [(a_link("mf.ipynb"), "/etc/passwd")],
    "more than 200 MB": [("mf.ipynb", bytes(210_000_000))],
    "too many files": [(f"{n:0200}", "") for n in range(5000)],
    "an empty notebook": [("mf.ipynb", "")],
}


@pytest.mark.parametrize("reason", BAD_ZIPS)
def test_a_zip_file_without_one_notebook_of_a_bounded_size_is_named(tmp_path, reason):
    read = read_submission(zipped(tmp_path, BAD_ZIPS[reason]))
    assert not read.is_readable and reason in read.repairs[0]


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_file_that_is_encrypted_or_packed_in_another_way_is_not_opened(tmp_path, kind):
    members = [("mf.ipynb", SOUND)]
    assert not read_submission(zipped(tmp_path, members, kind)).is_readable
    assert not read_submission(encrypted(zipped(tmp_path, members, name="b.zip"))).is_readable


@pytest.mark.parametrize("place", [20, -30, 60])
def test_a_damaged_zip_file_is_named(tmp_path, place):
    path = zipped(tmp_path, [("mf.ipynb", RELEASE)])
    content = bytearray(path.read_bytes())
    content[place : place + 8] = b"\xff" * 8
    path.write_bytes(content)
    assert "a zip file" in read_submission(path).repairs[0]


def test_a_file_made_to_cost_time_is_refused_soon(tmp_path):
    text = '{"cells": [{"cell_type": "code", "outputs": [' + "[]," * 6_300_000 + "[]]}]}"
    path = written(tmp_path, text)
    began = time.process_time()
    assert not read_submission(path).is_readable
    assert time.process_time() - began < 3


def test_a_submission_is_read_once(tmp_path, monkeypatch):
    written(tmp_path, RELEASE)
    opened = []
    read_bytes = reading._read_bytes
    monkeypatch.setattr(
        reading, "_read_bytes", lambda path: opened.append(path) or read_bytes(path)
    )
    assert find_submission(tmp_path, "mf", MASTER).reading.is_readable
    assert len(opened) == 1


# --- Outputs --------------------------------------------------------------------------------------


def with_outputs(*sizes):
    notebook = a_notebook(*(f"cell_{n} = 1" for n in range(len(sizes))))
    for cell, size in zip(notebook.cells, sizes, strict=True):
        cell.outputs = [new_output("stream", text="[{x}]," * (size // 6))]
    return notebook


def test_outputs_are_dropped_unless_asked_for(tmp_path):
    path = written(tmp_path, nbformat.writes(with_outputs(600)))
    assert read_submission(path).notebook.cells[0].outputs == []
    [output] = read_submission(path, keep_outputs=True).notebook.cells[0].outputs
    assert "".join(output.text) == "[{x}]," * 100


def test_a_large_output_of_a_cell_is_cut_and_the_others_are_kept(tmp_path):
    path = written(tmp_path, json.dumps(with_outputs(60, 9_000_000, 60)))
    first, second, third = read_submission(path, keep_outputs=True).notebook.cells
    assert len(first.outputs[0].text) == len(third.outputs[0].text) == 60
    assert second.outputs == [{"output_type": "stream", "name": "stdout", "text": "... (cut)"}]


def test_outputs_are_cut_where_a_notebook_has_too_many(tmp_path):
    path = written(tmp_path, nbformat.writes(with_outputs(*[6_000_000] * 8)))
    cells = read_submission(path, keep_outputs=True).notebook.cells
    assert [len(cell.outputs[0].text) > 100 for cell in cells] == [True] * 5 + [False] * 3


def test_outputs_of_format_3_are_kept_as_those_of_format_4(tmp_path):
    notebook = a_notebook()
    notebook.cells[0].outputs = [
        new_output("execute_result", {"text/plain": "42"}, execution_count=1)
    ]
    path = written(tmp_path, json.dumps(nbformat.convert(notebook, 3)))
    [output] = read_submission(path, keep_outputs=True).notebook.cells[0].outputs
    assert output.output_type == "execute_result" and output.data == {"text/plain": "42"}


MEASURE = """
import re, sys
from pathlib import Path
from autograder.grading.reading import read_submission
def memory(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
Path("/proc/self/clear_refs").write_text("5")  # forget the peak of importing
before = memory("VmRSS")
read = read_submission(sys.argv[1], keep_outputs=True)
print(read.is_readable, len(read.notebook.cells), (memory("VmHWM") - before) // 1024)
"""


def measured(path):
    """Whether a file is readable, its number of cells, and the MiB that reading it took."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    is_readable, cells, growth = done.stdout.split()
    return is_readable == "True", int(cells), int(growth)


def test_a_notebook_with_100_mb_of_outputs_is_read_in_little_more_memory_than_it_has(tmp_path):
    path = written(tmp_path, nbformat.writes(with_outputs(*[5_000_000] * 20)))
    is_readable, cells, growth = measured(path)
    assert is_readable and cells == 20 and growth < 500


GREEDY = {
    "small objects": '{"cells": [' + ",".join(['{"a":1}'] * 330_000) + "]}",
    "small objects as outputs": '{"cells": [{"cell_type": "code", "outputs": ['
    + ",".join(['{"a":1}'] * 330_000)
    + "]}]}",
    "numbers": '{"cells": [{"source": [' + "999," * 990_000 + "1]}]}",
    "one wide source": json.dumps({"cells": [{"source": "x" * 50_000_000 + "\U0001f600"}]}),
}


@pytest.mark.parametrize("text", GREEDY.values(), ids=GREEDY)
def test_memory_stays_bounded_for_files_made_to_need_much(tmp_path, text):
    assert measured(written(tmp_path, text))[2] < 1200


# --- Which file -----------------------------------------------------------------------------------

MASTER = read_notebook(ROOT / "source/mf/mf.ipynb")
RELEASE = (ROOT / "release/en/mf/mf.ipynb").read_text()
SOLVED = (ROOT / "solutions/en/mf/mf.ipynb").read_text()
OTHER = (ROOT / "release/en/svd/svd.ipynb").read_text()
SMALL = nbformat.writes(a_notebook())


def found_in(folder):
    found = find_submission(folder, "mf", MASTER)
    return found.path and str(found.path.relative_to(folder)), found.repairs


@pytest.mark.parametrize(
    "name",
    ["mf (1).ipynb", "mf-final.ipynb", "MF.ipynb", "Copy of mf.ipynb", "homework/mf.ipynb",
     "homework.ipynb", "mf.ipynb.txt", "a/b/MF (2).IPYNB", "mf.ipynb의 사본", "mf.json", "mf.txt",
     "work", "__final.ipynb"],
)  # fmt: skip
def test_a_renamed_notebook_is_found_and_told(tmp_path, name):
    written(tmp_path, RELEASE, name)
    sentence = f"The file mf.ipynb was missing: {name} was graded in its place."
    assert found_in(tmp_path) == (name, (sentence,))


def test_of_equals_the_file_of_the_right_name_is_the_one_and_the_others_are_named(tmp_path):
    for name in ("mf.ipynb", "mf (1).ipynb", "sub/mf.ipynb"):
        os.utime(written(tmp_path, RELEASE, name), (1e9, 1e9))
    name, [sentence] = found_in(tmp_path)
    assert name == "mf.ipynb" and "not mf (1).ipynb, sub/mf.ipynb" in sentence


def test_the_one_with_work_in_it_is_graded_though_another_bears_the_name_and_is_newer(tmp_path):
    os.utime(written(tmp_path, SOLVED, "mf (1).ipynb"), (1e9, 1e9))
    written(tmp_path, RELEASE, "mf.ipynb")
    name, [sentence] = found_in(tmp_path)
    assert name == "mf (1).ipynb" and "not mf.ipynb" in sentence


def test_a_file_of_the_right_name_that_cannot_be_read_gives_way(tmp_path):
    written(tmp_path, "{", "mf.ipynb")
    written(tmp_path, RELEASE, "mf (1).ipynb")
    name, [sentence] = found_in(tmp_path)
    assert name == "mf (1).ipynb" and "mf.ipynb could not be read" in sentence


def test_the_notebook_most_like_the_lesson_is_chosen_of_several(tmp_path):
    written(tmp_path, SMALL, "mf-final.ipynb")
    written(tmp_path, OTHER, "mf copy.ipynb")
    written(tmp_path, RELEASE, "homework.ipynb")
    name, [sentence] = found_in(tmp_path)
    assert name == "homework.ipynb" and "not mf copy.ipynb, mf-final.ipynb" in sentence


def test_the_newest_is_chosen_of_equals(tmp_path):
    for age, name in enumerate(["mf (1).ipynb", "mf (2).ipynb", "mf (3).ipynb"]):
        os.utime(written(tmp_path, RELEASE, name), (1e9 - age, 1e9 + (age == 1)))
    assert found_in(tmp_path)[0] == "mf (2).ipynb"


def test_links_checkpoints_and_hidden_files_are_no_candidates(tmp_path):
    folder = tmp_path / "mf"
    master = written(tmp_path, RELEASE, "source/mf.ipynb")
    written(folder, RELEASE, ".ipynb_checkpoints/mf-checkpoint.ipynb")
    written(folder, RELEASE, "._mf.ipynb")
    written(folder, RELEASE, "__MACOSX/mf.ipynb")
    (folder / "mf (1).ipynb").symlink_to(master)
    (folder / "sub").symlink_to(master.parent)
    name, [sentence] = found_in(folder)
    assert name == "mf (1).ipynb" and "is no notebook (a link)" in sentence
    assert "An older copy lies in .ipynb_checkpoints/mf-checkpoint.ipynb." in sentence


def test_a_file_that_is_a_link_stays_the_one_where_there_is_no_other(tmp_path):
    (tmp_path / "mf.ipynb").symlink_to("nowhere")
    name, [sentence] = found_in(tmp_path)
    assert name == "mf.ipynb" and "is no notebook (a link)" in sentence


@pytest.mark.parametrize("is_there", [True, False])
def test_an_empty_folder_has_nothing_to_grade(tmp_path, is_there):
    folder = tmp_path if is_there else tmp_path / "gone"
    assert found_in(folder) == (None, (reading.NOTHING_FOUND,))


def test_a_checkpoint_alone_is_named_and_not_graded(tmp_path):
    written(tmp_path, RELEASE, ".ipynb_checkpoints/mf-checkpoint.ipynb")
    path, [sentence] = found_in(tmp_path)
    assert path is None and sentence.startswith(reading.NOTHING_FOUND)
    assert "An older copy lies in .ipynb_checkpoints/mf-checkpoint.ipynb." in sentence


# --- In nbgrader ----------------------------------------------------------------------------------


class Converter(LoggingConfigurable):
    """As much of nbgrader's Autograde as its exporter sees."""

    _sanitizing = True


def exported(path, is_sanitizing=True):
    parent = Converter()
    parent._sanitizing = is_sanitizing
    output, resources = TolerantExporter(parent=parent).from_filename(str(path), resources={"a": 1})
    assert resources["metadata"]["name"] == "mf" and resources["a"] == 1
    return nbformat.reads(output, as_version=4)


def test_the_exporter_gives_an_empty_notebook_and_says_why(tmp_path):
    notebook = exported(written(tmp_path, "{"))
    assert notebook.cells == [] and "is no notebook" in notebook.metadata["autograder"]["unread"]


def test_the_exporter_takes_no_word_of_the_students_for_a_repair(tmp_path):
    notebook = a_notebook(autograder={"repairs": ["forged"]})
    assert exported(written(tmp_path, nbformat.writes(notebook))).metadata == {}


def test_the_exporter_reads_what_autograde_wrote_as_it_is(tmp_path):
    notebook = with_outputs(60)
    notebook.metadata["autograder"] = {"repairs": ["ours"]}
    assert exported(written(tmp_path, nbformat.writes(notebook)), is_sanitizing=False) == notebook
