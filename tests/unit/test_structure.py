"""The package keeps its shape: short modules, unique names, and imports that run down.

Each rule is a function that takes the sources and returns its breaches. Every rule is also tried
on a made-up package that breaks the rule.
"""

from collections.abc import Callable, Iterator

import pytest
from package_sources import (
    Sources,
    duplicate_classes,
    duplicate_files,
    import_circles,
    imported_files,
    imported_modules,
    line_count,
    loose_modules,
    modules,
    printing_lines,
    reachable_files,
    read_sources,
)

LEVELS = (
    ("features.py", "images.py", "cache.py", "files.py", "__init__.py"),
    ("classical", "deep", "retrieval", "datasets"),
    ("training",),
    ("systems",),
    ("evaluation",),
    ("scale", "classroom", "teaching"),
    ("cli", "__main__.py"),
)
"""Files and folders from the bottom to the top. A module imports from its level and below."""

UNREACHABLE = {
    "classical": {"torch", "torchvision"},
    "retrieval": {"torch", "torchvision", "deep", "systems"},
}
"""What no module of a folder imports, neither itself nor through what it imports."""

Rule = Callable[[Sources], Iterator[str]]


def file_names_are_unique(sources: Sources) -> Iterator[str]:
    for name, paths in duplicate_files(sources).items():
        yield f"{name}: {', '.join(paths)}"


def class_names_are_unique(sources: Sources) -> Iterator[str]:
    for name, paths in duplicate_classes(sources).items():
        yield f"{name}: {', '.join(paths)}"


def modules_have_at_most_300_lines(sources: Sources) -> Iterator[str]:
    yield from (path for path, text in sources.items() if line_count(text) > 300)


def at_most_6_modules_are_loose(sources: Sources) -> Iterator[str]:
    loose = loose_modules(sources)
    if len(loose) > 6:
        yield f"{len(loose)} modules at the top: {', '.join(loose)}"


def there_are_at_most_130_modules(sources: Sources) -> Iterator[str]:
    if len(modules(sources)) > 130:
        yield f"{len(modules(sources))} modules"


def level(path: str) -> int | None:
    """The level of a file, None if neither the file nor its folder has one."""
    top = path.split("/")[0]
    return next((height for height, names in enumerate(LEVELS) if top in names), None)


def imports_run_down(sources: Sources) -> Iterator[str]:
    for path, others in imported_files(sources).items():
        if level(path) is None:
            yield f"{path} has no level"
            continue
        for other in sorted(others):
            if (level(other) or 0) > level(path):
                yield f"{path} imports {other}"


def imports_make_no_circle(sources: Sources) -> Iterator[str]:
    yield from (" <-> ".join(circle) for circle in import_circles(imported_files(sources)))


def folders_reach_only_what_they_may(sources: Sources) -> Iterator[str]:
    imports = imported_files(sources)
    for folder, forbidden in UNREACHABLE.items():
        inside = [path for path in sources if path.startswith(f"{folder}/")]
        for path in sorted(reachable_files(inside, imports)):
            if path.split("/")[0] in forbidden:
                yield f"{folder} reaches {path}"
            for name in sorted(forbidden & libraries(path, sources)):
                yield f"{folder} reaches {name} through {path}"


def only_the_classroom_imports_ipywidgets(sources: Sources) -> Iterator[str]:
    for path in sources:
        if not path.startswith("classroom/") and "ipywidgets" in libraries(path, sources):
            yield path


def only_the_command_line_prints(sources: Sources) -> Iterator[str]:
    for path, text in sources.items():
        if not path.startswith("cli/") and printing_lines(text):
            yield path


def libraries(path: str, sources: Sources) -> set[str]:
    """The top-level names of all that a file imports."""
    return {name.split(".")[0] for name in imported_modules(path, sources)}


RULES: tuple[Rule, ...] = (
    file_names_are_unique,
    class_names_are_unique,
    modules_have_at_most_300_lines,
    at_most_6_modules_are_loose,
    there_are_at_most_130_modules,
    imports_run_down,
    imports_make_no_circle,
    folders_reach_only_what_they_may,
    only_the_classroom_imports_ipywidgets,
    only_the_command_line_prints,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    assert list(rule(read_sources())) == []


KEPT = {
    "__init__.py": '"""A package that keeps all rules."""',
    "__main__.py": "from delf_lesson.cli.main import main",
    "features.py": "import numpy\n\nclass LocalFeatures: ...",
    "classical/__init__.py": "",
    "classical/harris.py": "from delf_lesson.features import LocalFeatures",
    "deep/__init__.py": "",
    "deep/delf.py": "import torch\nfrom delf_lesson.retrieval import index",
    "retrieval/__init__.py": "",
    "retrieval/index.py": "def search():\n    from delf_lesson.features import LocalFeatures",
    "classroom/__init__.py": "",
    "classroom/explorer.py": "import ipywidgets\nfrom .. import features",
    "cli/__init__.py": "",
    "cli/main.py": "import click\nimport delf_lesson.deep.delf\n\nclick.echo('hello')\nprint()",
}

BROKEN: list[tuple[Rule, str, str, str]] = [
    (file_names_are_unique, "deep/harris.py", "", "harris.py: classical/harris.py, deep/harris.py"),
    (
        class_names_are_unique,
        "deep/names.py",
        "def make():\n    class LocalFeatures: ...",
        "LocalFeatures: deep/names.py, features.py",
    ),
    (modules_have_at_most_300_lines, "deep/long.py", "x = 1\n" * 301, "deep/long.py"),
    (modules_have_at_most_300_lines, "deep/__init__.py", "x = 1\n" * 301, "deep/__init__.py"),
    (
        imports_run_down,
        "features.py",
        "import delf_lesson.deep",
        "features.py imports deep/__init__.py",
    ),
    (
        imports_run_down,
        "classical/harris.py",
        "def lazy():\n    from delf_lesson.cli import main",
        "classical/harris.py imports cli/main.py",
    ),
    (
        imports_run_down,
        "classical/harris.py",
        "from ..classroom.explorer import Explorer",
        "classical/harris.py imports classroom/explorer.py",
    ),
    (
        imports_run_down,
        "classical/__init__.py",
        "from ..cli.main import command",
        "classical/__init__.py imports cli/main.py",
    ),
    (
        imports_run_down,
        "deep/late.py",
        "import importlib\nimportlib.import_module('delf_lesson.cli.main')",
        "deep/late.py imports cli/main.py",
    ),
    (
        imports_run_down,
        "deep/typed.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import delf_lesson.cli.main",
        "deep/typed.py imports cli/main.py",
    ),
    (imports_run_down, "machines/cluster.py", "", "machines/cluster.py has no level"),
    (
        imports_make_no_circle,
        "retrieval/index.py",
        "def search():\n    from delf_lesson.deep import delf",
        "deep/delf.py <-> retrieval/index.py",
    ),
    (
        imports_make_no_circle,
        "features.py",
        "from delf_lesson import features",
        "features.py",
    ),
    (
        folders_reach_only_what_they_may,
        "retrieval/index.py",
        "from delf_lesson.deep.delf import DELF",
        "retrieval reaches deep/delf.py",
    ),
    (
        folders_reach_only_what_they_may,
        "retrieval/index.py",
        "def search():\n    import torch.nn as nn",
        "retrieval reaches torch through retrieval/index.py",
    ),
    (
        folders_reach_only_what_they_may,
        "features.py",
        "from torch import Tensor",
        "classical reaches torch through features.py",
    ),
    (
        only_the_classroom_imports_ipywidgets,
        "cli/show.py",
        "def show():\n    from ipywidgets.widgets import Button",
        "cli/show.py",
    ),
    (only_the_command_line_prints, "deep/loud.py", "print('hello')", "deep/loud.py"),
    (only_the_command_line_prints, "deep/loud.py", "import click\nclick.echo(1)", "deep/loud.py"),
    (
        only_the_command_line_prints,
        "deep/loud.py",
        "from click import secho as say\nsay('hello')",
        "deep/loud.py",
    ),
    (
        only_the_command_line_prints,
        "deep/loud.py",
        "import sys\nsys.stderr.write('hello')",
        "deep/loud.py",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_package_that_keeps_the_rule_passes(rule):
    assert not set(rule(KEPT))


@pytest.mark.parametrize(
    ("rule", "path", "text", "breach"),
    BROKEN,
    ids=[f"{rule.__name__}-{number}" for number, (rule, *_) in enumerate(BROKEN)],
)
def test_a_file_that_breaks_the_rule_is_named(rule, path, text, breach):
    assert breach in set(rule({**KEPT, path: text}))


@pytest.mark.parametrize(
    ("rule", "folder", "most"),
    [(at_most_6_modules_are_loose, "", 6), (there_are_at_most_130_modules, "deep/", 130)],
)
def test_one_module_too_many_is_a_breach(rule, folder, most):
    few = {f"{folder}module_{number}.py": "" for number in range(most)}
    assert not set(rule({**few, f"{folder}__init__.py": ""}))
    (breach,) = rule({**few, f"{folder}extra.py": ""})
    assert breach.startswith(str(most + 1))


def test_every_rule_is_broken_by_some_test():
    counted = {at_most_6_modules_are_loose, there_are_at_most_130_modules}
    assert {rule for rule, *_ in BROKEN} | counted == set(RULES)


def test_the_sources_are_those_of_the_package():
    sources = read_sources()
    assert {"features.py", "cli/main.py", "deep/delf.py"} <= set(sources)
    assert all(level(path) is not None for path in sources)
    assert "cli/main.py" in imported_files(sources)["__main__.py"]
