"""Sets of models by a number, against looking at each of them."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from app.catalog.columns import MARKS, Column
from app.catalog.postings import places_in


@pytest.mark.parametrize("size", [0, 1, 2, MARKS - 1, MARKS, MARKS + 1, 421, 1_000])
def test_it_says_what_a_look_at_each_model_says(size: int) -> None:
    random = Random(size)
    numbers = {place: random.randint(0, 50) for place in range(size) if random.random() < 0.8}
    column = Column(numbers, size)
    for limit in (-1, 0, 1, 7, 25, 49, 50, 51):
        assert places_in(column.at_most(limit)) == [place for place, number in numbers.items() if number <= limit]
        assert places_in(column.at_least(limit)) == [place for place, number in numbers.items() if number >= limit]


def test_prices_are_compared_exactly() -> None:
    column = Column({0: Decimal("0.00000030"), 1: Decimal("0.0000003000001"), 2: Decimal(0)}, 3)
    assert places_in(column.at_most(Decimal("0.3").scaleb(-6))) == [0, 2]


def test_a_model_without_the_number_is_in_no_set() -> None:
    column = Column({1: 5}, 3)
    assert places_in(column.at_least(0)) == places_in(column.at_most(10**9)) == [1]
