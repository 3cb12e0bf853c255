"""Writes gathered into batches: each is answered with its own, nothing waits for ever, and what must not meet does not."""

import asyncio
from collections.abc import Sequence

import pytest

from core.gathering import Gatherer


class Desk:
    """Doubles numbers and remembers the batches; refuses thirteen, and whatever stands in a batch with it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.under_way: list[int] = []
        self.met: set[int] = set()

    async def work(self, batch: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(batch))
        self.met |= {one % 10 for one in batch} & {one % 10 for one in self.under_way}
        self.under_way += batch
        await asyncio.sleep(0.001)
        for one in batch:
            self.under_way.remove(one)
        if 13 in batch:
            raise ValueError("thirteen")
        return [LookupError("zero") if one == 0 else one * 2 for one in batch]


async def test_each_gets_its_own_answer_and_one_after_another_none_is_forgotten() -> None:
    desk = Desk()
    gatherer = Gatherer(desk.work, most=8)
    assert [await gatherer.put(number) for number in range(1, 6)] == [2, 4, 6, 8, 10]
    assert await asyncio.gather(*(gatherer.put(number) for number in range(20, 60))) == list(
        range(40, 120, 2)
    )
    assert max(map(len, desk.batches)) == 8


async def test_an_error_that_is_given_for_one_is_raised_for_that_one() -> None:
    gatherer = Gatherer(Desk().work, most=8)
    found = await asyncio.gather(*(gatherer.put(number) for number in range(3)), return_exceptions=True)
    assert [str(one) for one in found] == ["zero", "2", "4"]


async def test_what_offends_is_written_alone_and_spoils_nothing() -> None:
    desk = Desk()
    gatherer = Gatherer(desk.work, most=8, alone=(ValueError,))
    found = await asyncio.gather(*(gatherer.put(number) for number in range(11, 16)), return_exceptions=True)
    assert [str(one) for one in found] == ["22", "24", "thirteen", "28", "30"]


async def test_an_error_that_is_not_ones_own_reaches_all_who_waited() -> None:
    gatherer = Gatherer(Desk().work, most=8)
    found = await asyncio.gather(*(gatherer.put(number) for number in (12, 13)), return_exceptions=True)
    assert [type(one).__name__ for one in found] == ["ValueError"] * 2
    with pytest.raises(ValueError, match="thirteen"):
        await gatherer.put(13)
    assert await gatherer.put(14) == 28


async def test_likes_stay_apart_though_two_batches_are_under_way() -> None:
    desk = Desk()
    gatherer = Gatherer(desk.work, most=4, flights=2, apart=lambda number: number % 10)
    numbers = [one % 50 + 20 for one in range(200)]
    assert await asyncio.gather(*map(gatherer.put, numbers)) == [2 * one for one in numbers]
    assert desk.met == set()


async def test_a_batch_is_of_one_sort() -> None:
    desk = Desk()
    gatherer = Gatherer(desk.work, most=8, flights=2, together=lambda number: number % 2)
    await asyncio.gather(*(gatherer.put(number) for number in range(20, 60)))
    assert {len({one % 2 for one in batch}) for batch in desk.batches} == {1}
