"""What every extractor promises of its options, its settings and its copies."""

import copy
import json
import pickle
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from contract_subjects import ExtractorSubject
from extractor_checks import LIMITS
from same_descriptions import assert_same

PLAIN = (str, int, float, bool, type(None))
NEUTRAL = ("device", "batch")
"""Options that change no description, so they are not in the settings."""
BATCH_INTERFACE = ("batch", "prepare", "extract_prepared")


def settings_are_plain_values(subject: ExtractorSubject) -> None:
    settings = subject.extractor.settings
    assert isinstance(settings, Mapping) and settings
    for name, value in settings.items():
        assert isinstance(name, str) and type(value) in PLAIN, f"{name}: {value!r}"
    text = json.dumps(dict(settings), sort_keys=True, allow_nan=False)
    assert json.loads(text) == dict(settings)
    assert subject.extractor.settings == settings, "settings change between two calls"


def limits_change_results_and_settings(subject: ExtractorSubject) -> None:
    limits = {**dict.fromkeys(LIMITS, 3), "max_side": subject.size[1] // 2}
    for name in limits.keys() & subject.options.keys():
        changed = subject.changed(**{name: limits[name]})
        assert changed.settings != subject.extractor.settings, f"{name} is not in the settings"
        with pytest.raises(AssertionError):  # else the option does nothing
            assert_same(changed.extract(subject.image()), subject.description)


def equal_settings_give_equal_descriptions(subject: ExtractorSubject) -> None:
    """Otherwise a cache would return what other options gave."""
    for name, changed in changed_extractors(subject):
        same = changed.settings == subject.extractor.settings
        assert same or name not in NEUTRAL, f"{name} is in the settings"
        if same:
            assert_same(changed.extract(subject.image()), subject.description, subject.tolerance)


def changed_extractors(subject: ExtractorSubject) -> Iterator[tuple[str, Any]]:
    """The name of each option, and the extractor with another value of it."""
    hints = get_type_hints(type(subject.extractor))
    for name, value in subject.options.items():
        for other in ["cpu:0"] if name == "device" else other_values(value, hints[name]):
            yield name, subject.changed(**{name: other})


def other_values(value: Any, hint: Any) -> list[Any]:
    """Values of an option that differ from the one it has; none for networks and the like."""
    if get_origin(hint) is Literal:
        return [other for other in get_args(hint) if other != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [value * 2]
    if isinstance(value, tuple):
        return [(*value, value[-1] / 2)]
    return [0.5] if value is None and float in get_args(hint) else []


def wrong_options_are_refused_by_name(subject: ExtractorSubject) -> None:
    """An option that counts something is at least 1."""
    for name, value in subject.options.items():
        if type(value) is int:
            for wrong in (0, -1):
                with pytest.raises(ValueError, match=rf"\b{name} is {wrong}\b|\b{name} {wrong}\b"):
                    subject.changed(**{name: wrong})


def the_interface_for_batches_is_whole(subject: ExtractorSubject) -> None:
    lacking = [name for name in BATCH_INTERFACE if not hasattr(subject.extractor, name)]
    assert not lacking or len(lacking) == len(BATCH_INTERFACE), f"lacks {', '.join(lacking)}"
    assert "batch" not in subject.options or subject.changed(batch=3).batch == 3


def images_together_are_described_as_alone(subject: ExtractorSubject) -> None:
    extractor: Any = subject.extractor
    if hasattr(extractor, "extract_prepared"):
        images = [subject.image(seed) for seed in (1, 2, 3)]
        found = extractor.extract_prepared([extractor.prepare(image) for image in images])
        assert len(found) == 3
        for description, image in zip(found, images, strict=True):
            assert_same(description, extractor.extract(image), 1e-4)


def images_of_different_sizes_are_not_described_together(subject: ExtractorSubject) -> None:
    extractor: Any = subject.extractor
    if hasattr(extractor, "extract_prepared"):
        image = subject.image()
        prepared = [extractor.prepare(given) for given in (image, image[:-16])]
        with pytest.raises(ValueError, match=r"^images differ in size.*wanted"):
            extractor.extract_prepared(prepared)


def a_deep_copy_describes_alike(subject: ExtractorSubject) -> None:
    copied = copy.deepcopy(subject.extractor)
    assert copied is not subject.extractor and copied.settings == subject.extractor.settings
    assert_same(copied.extract(subject.image()), subject.description)


def a_pickled_extractor_describes_alike(subject: ExtractorSubject) -> None:
    copied = pickle.loads(pickle.dumps(subject.extractor))
    assert copied.settings == subject.extractor.settings
    assert_same(copied.extract(subject.image()), subject.description)


CHECKS = (
    settings_are_plain_values,
    limits_change_results_and_settings,
    equal_settings_give_equal_descriptions,
    wrong_options_are_refused_by_name,
    the_interface_for_batches_is_whole,
    images_together_are_described_as_alone,
    images_of_different_sizes_are_not_described_together,
    a_deep_copy_describes_alike,
    a_pickled_extractor_describes_alike,
)
