"""What every system promises of its name, its options and its copies."""

import copy
import json
import pickle
import re
from typing import Any

import pytest
from contract_subjects import SystemSubject, with_shared_extractors

from delf_lesson.deep.weights import weights_path
from delf_lesson.systems.specification import SystemOptions

WEIGHTS = {"delf": ("base", "attention"), "siamac": ("siamac",), "dir": ("dir",), "lift": ("lift",)}
"""The shipped weights of each kind."""
OTHERS = SystemOptions(bf16=True, batch=2, max_side=48)


def shipped(name: str) -> str:
    """The path of shipped weights."""
    return str(weights_path(name))


def the_name_is_the_key(subject: SystemSubject) -> None:
    assert subject.system.name == subject.key
    assert subject.system.summary.strip()


def steps_and_settings_are_plain_values(subject: SystemSubject) -> None:
    values = [
        (subject.system.steps, dict(with_shared_extractors(subject.system).retriever().settings))
        for _ in range(2)
    ]
    texts = [json.dumps(value, sort_keys=True, allow_nan=False) for value in values]
    assert texts[0] == texts[1]
    assert json.loads(texts[0]) == list(values[0])
    assert subject.system.steps[0] == subject.system.name


def default_options_change_nothing(subject: SystemSubject) -> None:
    assert subject.system.with_options(SystemOptions()) == subject.system


def networks_take_options_and_others_refuse_them(subject: SystemSubject) -> None:
    system = subject.system
    if not system.networks:
        with pytest.raises(ValueError, match=rf"^system: {re.escape(subject.key)} has no weights"):
            system.with_options(OTHERS)
        return
    changed = with_shared_extractors(system.with_options(OTHERS))
    assert type(changed) is type(system) and changed.name == system.name
    assert changed.options == OTHERS and changed.networks == system.networks
    default, other = subject.shared.retriever(), changed.retriever()
    for before, after in zip(default.databases, other.databases, strict=True):
        assert before.batch == 1 and after.batch == 2
        assert after.settings["max_side"] == 48 and after.settings["bf16"] is True
        assert after.settings != before.settings


def weights_of_other_networks_are_refused(subject: SystemSubject) -> None:
    system = subject.system
    for kind in WEIGHTS.keys() - system.networks:
        file = shipped(WEIGHTS[kind][-1])
        says = "is for" if system.networks else "has no weights"
        assert_refused(system, [file], says)
    if "delf" in system.networks:
        assert_refused(system, [shipped(name) for name in WEIGHTS["delf"]], "are both for delf")
    if system.networks:
        with pytest.raises(FileNotFoundError, match=r"^weights: .*missing"):
            system.with_options(SystemOptions(("missing.safetensors",)))


def assert_refused(system: Any, files: list[str], says: str) -> None:
    try:
        system.with_options(SystemOptions(tuple(files)))
    except ValueError as error:
        assert says in str(error), str(error)
    else:
        pytest.fail(f"weights were accepted: {files}")


def weights_of_its_networks_are_taken(subject: SystemSubject) -> None:
    files = tuple(shipped(WEIGHTS[kind][-1]) for kind in sorted(subject.system.networks))
    if files:
        changed = subject.system.with_options(SystemOptions(files))
        assert changed.options.weights == files and changed.name == subject.system.name


def copies_are_equal(subject: SystemSubject) -> None:
    """A system is plain data, so it can be sent to another process."""
    assert copy.deepcopy(subject.system) == subject.system
    assert pickle.loads(pickle.dumps(subject.system)) == subject.system


CHECKS = (
    the_name_is_the_key,
    steps_and_settings_are_plain_values,
    default_options_change_nothing,
    networks_take_options_and_others_refuse_them,
    weights_of_other_networks_are_refused,
    weights_of_its_networks_are_taken,
    copies_are_equal,
)
