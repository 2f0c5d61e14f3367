"""Every extractor of a registered system keeps the contract of `Extractor`.

The check `extractor_checks.NAME` for the extractor of a system is
`test_extractor[SYSTEM-NAME]`. A system that is registered gets all of them.
"""

import json

import extractor_checks
import extractor_option_checks
import pytest
from contract_subjects import (
    REGISTERED,
    first_of_each_kind_is_quick,
    loaded_extractor,
    registered_extractors,
    single_systems,
)

EXTRACTORS = registered_extractors()
CHECKS = (*extractor_checks.CHECKS, *extractor_option_checks.CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", first_of_each_kind_is_quick(EXTRACTORS))
def test_extractor(name, check):
    check(EXTRACTORS[name])


def plain_settings(extractor):
    return json.dumps(dict(extractor.settings), sort_keys=True)


def test_different_extractors_have_different_settings():
    """Caches would mix up their descriptions otherwise."""
    settings = [plain_settings(subject.extractor) for subject in EXTRACTORS.values()]
    assert len(set(settings)) == len(settings)


def test_every_extractor_of_a_system_is_tested():
    tested = {plain_settings(subject.extractor) for subject in EXTRACTORS.values()}
    for system in REGISTERED.values():
        for single in single_systems(system):
            extractor = loaded_extractor(single.extractor, single.options)
            assert plain_settings(extractor) in tested, single.name
