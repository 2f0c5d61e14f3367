"""Commands in the README and in docs/ are ones that there are, with options that there are."""

import re
import shlex
from dataclasses import fields

import click
import pytest

from delf_lesson.cli.main import command
from delf_lesson.files import project_root
from delf_lesson.training.lift_training import LiftRecipe
from delf_lesson.training.metric_training import METRIC_RECIPES
from delf_lesson.training.recipes import RECIPES

OF_NO_RECIPE = {"--data", "--out", "--backbone", "--weights", "--device"}
"""What `train` takes for every stage."""


def documented() -> list[str]:
    """All calls of the command in blocks of code."""
    root, found = project_root(), []
    for path in (root / "README.md", *sorted((root / "docs").glob("*.md"))):
        for block in re.findall(r"```\w*\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            joined = block.replace("\\\n", " ")
            found += re.findall(r"(?:^|[ /\n])delf-lesson ((?:[^;\n#>]|#\S)*)", joined)
    return [" ".join(one.split()) for one in found]


def test_there_are_some_to_look_at():
    assert len(documented()) > 20
    assert any("--tuples" in one for one in documented())


@pytest.mark.parametrize("call", documented())
def test_a_documented_call_names_what_there_is(call):
    words, chosen = shlex.split(call), command
    while isinstance(chosen, click.Group):
        chosen = chosen.commands[words.pop(0)]
    known = {name for option in chosen.params for name in option.opts + option.secondary_opts}
    given = {word for word in words if word.startswith("--")}
    assert given <= known
    if chosen.name == "train":
        recipe = {**RECIPES, **METRIC_RECIPES, "lift": LiftRecipe()}[words[0]]
        assert given - OF_NO_RECIPE <= {f"--{field.name}" for field in fields(recipe)}
