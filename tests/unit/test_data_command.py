"""The command `autograder data`."""

import sys
import types
import urllib.error

import pytest
from click.testing import CliRunner

from autograder.data import make_stand_in, read_manifest
from autograder.data.command import data
from autograder.errors import DataError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.delenv("MOVIELENS_DIR", raising=False)

    def invoke(*arguments):
        result = CliRunner().invoke(data, [str(a) for a in arguments], obj=tmp_path)
        if isinstance(result.exception, DataError):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def reference(monkeypatch):
    calls = []

    def measure_reference(course, grading_data, visible):
        calls.append(course)
        margin = {"mean": 0.912, "sd": 0.002, "threshold": 0.924, "margin_sd": 6.0}
        return {"mf": margin}

    module = types.ModuleType("autograder.checks.reference")
    module.measure_reference = measure_reference
    module.measure_start = lambda course, data: 0.905
    monkeypatch.setitem(sys.modules, "autograder.checks.reference", module)
    return calls


def test_without_options_it_says_what_it_found(run, tmp_path):
    make_stand_in(tmp_path / "data" / "ml-100k", 1)
    result = run()
    assert result.exit_code == 0
    assert "943 users, 1682 movies, 100000 ratings" in result.output
    assert "MovieLens-shaped" in result.output


def test_without_data_it_says_how_to_get_some(run):
    with pytest.raises(DataError, match="autograder data --download"):
        run()


def test_synthetic_writes_a_stand_in_and_does_not_overwrite_it(run, tmp_path):
    assert run("--synthetic", 5, "--to", tmp_path / "new").exit_code == 0
    with pytest.raises(DataError, match="--force"):
        run("--synthetic", 6, "--to", tmp_path / "new")
    assert run("--synthetic", 6, "--to", tmp_path / "new", "--force").exit_code == 0
    assert "--synthetic 6" in (tmp_path / "new" / "README").read_text()


def test_download_without_a_network_is_one_sentence_and_leaves_nothing(run, tmp_path, monkeypatch):
    def no_network(*_, **__):
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(DataError, match="Network is unreachable"):
        run("--download")
    assert list(tmp_path.iterdir()) == []


def test_private_makes_the_set_once_and_shows_its_margins(run, tmp_path, reference):
    first, second = run("--private"), run("--private")
    assert first.exit_code == 0 and first.output == second.output
    assert "mf: RMSE 0.9120 (sd 0.0020), threshold 0.9240, margin 6.0 sd" in first.output
    assert reference == [tmp_path]
    assert run("--private", "--force").output == first.output
    assert reference == [tmp_path, tmp_path]


def test_private_from_movielens_says_that_its_holdout_is_public(run, tmp_path, reference):
    make_stand_in(tmp_path / "data" / "ml-100k", 1)
    result = run("--private", "--from-movielens")
    assert "public" in result.output
    assert read_manifest(tmp_path / ".grading" / "data").source == "movielens"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--synthetic", "1"],
        ["--synthetic", "-1", "--to", "x"],
        ["--to", "x"],
        ["--force"],
        ["--from-movielens"],
        ["--private", "--download"],
    ],
)
def test_options_that_do_not_go_together_end_with_status_2(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2 and "Error:" in result.output


def test_help_shows_examples(run):
    assert "autograder data --synthetic 7 --to stand-in" in run("--help").output
