"""The invented orders: enough, varied, answerable by units that exist, and acceptable as real orders."""

import random
from collections import Counter
from datetime import date

from sample.cast import PATIENTS
from sample.texts import TEXTS
from sample.units import CENTRE, DEPTS
from tickets.orders import Order

TODAY = date(2026, 11, 21)


def test_there_are_eighty_of_all_six_kinds_for_many_departments() -> None:
    assert len(TEXTS) == 80
    kinds = Counter(story.appeal_type for story in TEXTS)
    assert set(kinds) == {"投诉", "举报", "求助", "咨询", "建议", "表扬"}
    assert min(kinds.values()) >= 6
    assert len({story.unit for story in TEXTS}) >= 35


def test_no_two_are_the_same() -> None:
    assert [text for text, n in Counter(story.content for story in TEXTS).items() if n > 1] == []
    assert [text for text, n in Counter(story.answer for story in TEXTS).items() if n > 1] == []


def test_each_is_answered_by_a_unit_that_exists() -> None:
    keys = {CENTRE.key, *(dept.key for dept in DEPTS)}
    keys |= {f"{dept.key}/{at}" for dept in DEPTS for at in range(len(dept.wards))}
    assert [story.title for story in TEXTS if story.unit not in keys] == []
    assert [one.name for one in PATIENTS if one.unit not in keys] == []


def test_each_is_a_whole_order_once_its_days_and_sums_are_filled_in() -> None:
    chance = random.Random(1)
    for at, story in enumerate(TEXTS):
        told = story.told(chance, TODAY)
        assert "{" not in told.title + told.content + told.answer
        assert 25 <= len(told.content) <= 300
        assert 15 <= len(told.answer) <= 300
        order = Order.model_validate(
            {
                "order_no": f"TEST-{at}",
                "title": told.title,
                "content": told.content,
                "appeal_type": story.appeal_type,
                "category": story.category,
                "departments": [story.department],
            }
        )
        assert (order.title, order.content) == (told.title, told.content)
        assert 1 <= (TODAY - told.occurred_on).days <= 11


def test_the_same_chance_tells_the_same_story() -> None:
    assert TEXTS[0].told(random.Random(7), TODAY) == TEXTS[0].told(random.Random(7), TODAY)
