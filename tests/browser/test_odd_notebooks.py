"""The lecture and every lab of odd number run as they are stored, and their explorers answer.

There are two such modules, so that two workers share what takes long.
"""

import pytest
from playing import EXPLORERS, play

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", list(EXPLORERS)[1::2])
def test_a_notebook_shows_what_is_stored_and_its_explorers_answer(
    page, jupyter, notebooks, name, request
):
    play(page, jupyter(name), notebooks / f"{name}.ipynb", request.session)
