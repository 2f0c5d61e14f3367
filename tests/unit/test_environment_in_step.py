"""environment.yml, pyproject.toml and constraints.txt say the same."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
CONDA_NAMES = {"opencv-python": "opencv", "torch": "pytorch"}
LESSON_TEST_TOOLS = {"nbval", "pytest"}  # a class may check its notebooks in the conda way too


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pip_ranges() -> dict[str, Requirement]:
    project = pyproject()
    tools = [Requirement(one) for one in project["optional-dependencies"]["test"]]
    wanted = [Requirement(one) for one in project["dependencies"]]
    return {one.name: one for one in wanted + [t for t in tools if t.name in LESSON_TEST_TOOLS]}


def conda_ranges() -> dict[str, str]:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    found = {}
    lines = [line for line in environment["dependencies"] if isinstance(line, str)]
    (by_pip,) = [line["pip"] for line in environment["dependencies"] if isinstance(line, dict)]
    for line in [*lines, *by_pip]:
        name, _, rest = line.partition(" ")
        found[name] = rest.split(" ")[0]  # a third field is conda's build
    return found


def test_conda_asks_for_the_same_libraries_in_the_same_ranges():
    conda = conda_ranges()
    assert conda.pop("python") == pyproject()["requires-python"]
    conda.pop("pip")
    expected = {CONDA_NAMES.get(name, name): one for name, one in pip_ranges().items()}
    assert set(conda) == set(expected)
    for name, one in expected.items():
        assert set(conda[name].split(",")) == set(str(one.specifier).split(",")), name


def test_every_range_has_a_lower_bound_and_no_exact_pin():
    for one in pip_ranges().values():
        operators = {specifier.operator for specifier in one.specifier}
        assert ">=" in operators, one
        assert "==" not in operators, one


@pytest.mark.parametrize("extra", [None, "test"])
def test_constraints_pin_every_library_inside_its_range(extra):
    project = pyproject()
    wanted = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            pins[pin.name.lower().replace("_", "-")] = str(pin.specifier).removeprefix("==")
    for text in wanted:
        one = Requirement(text)
        assert one.specifier.contains(pins[one.name.lower()]), text
