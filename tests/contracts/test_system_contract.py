"""Every registered system keeps the contract of `System` and of its `Retriever`.

The check `system_checks.NAME` for a system is `test_system[SYSTEM-NAME]`. A system that is
registered gets all of them.
"""

import pytest
import system_checks
import system_option_checks
from contract_subjects import (
    REGISTERED,
    SystemSubject,
    first_of_each_kind_is_quick,
    image_size,
)

from delf_lesson.cache import FeatureCache

CHECKS = (*system_checks.CHECKS, *system_option_checks.CHECKS)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    """Every system, with what its checks share."""
    cache = FeatureCache(tmp_path_factory.mktemp("features"))
    return {
        name: SystemSubject(name, system, cache, image_size(name))
        for name, system in REGISTERED.items()
    }


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", first_of_each_kind_is_quick(REGISTERED))
def test_system(name, check, subjects):
    check(subjects[name])
