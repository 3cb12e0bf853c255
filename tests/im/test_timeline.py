"""The page's list of messages, whatever the network does: late, doubled, lost and fetched again."""

import random
from typing import Any

import pytest

from tests.im.timeline import applied


def message(seq: int, **more: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "client_id": f"c{seq}",
        "kind": "text",
        "author": "测试甲",
        "text": f"第{seq}条",
        "file": None,
        "mentions": [],
        "quote": None,
        "seconds": None,
        "to_all": False,
        "recalls": None,
        "recalled": False,
        "recalled_by": "",
        "reason": "",
        **more,
    }


def history(length: int, chance: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Messages as they were told, and as the server would give them in the end."""
    told = [message(1)]
    for seq in range(2, length + 1):
        earlier = chance.randrange(1, seq)
        if chance.random() < 0.2 and told[earlier - 1]["kind"] == "text":
            told.append(message(seq, kind="recall", recalls=earlier))
        elif chance.random() < 0.3:
            told.append(message(seq, quote={"seq": earlier, "author": "测试甲", "text": "引用"}))
        else:
            told.append(message(seq))
    gone = {one["recalls"] for one in told if one["kind"] == "recall"}
    final = []
    for one in told:
        if one["seq"] in gone:
            final.append({**one, "text": "", "quote": None, "recalled": True, "recalled_by": "测试甲"})
        elif one["quote"] and one["quote"]["seq"] in gone:
            final.append({**one, "quote": {**one["quote"], "text": ""}})
        else:
            final.append(one)
    told = [
        {**one, "quote": {**one["quote"], "text": ""}}
        if one["quote"] and any(r["recalls"] == one["quote"]["seq"] for r in told[: one["seq"]])
        else one
        for one in told
    ]
    return told, final


@pytest.mark.parametrize("seed", range(12))
def test_any_order_with_doubles_ends_in_the_same_list(seed: int) -> None:
    chance = random.Random(seed)
    told, final = history(60, chance)
    shuffled = told + chance.sample(told, 20)
    chance.shuffle(shuffled)
    assert applied([], shuffled, start=0) == final


def test_what_stands_beyond_a_gap_is_shown_only_when_the_gap_is_filled() -> None:
    one, two, three, four = (message(seq) for seq in range(1, 5))
    assert applied([one], [three, four], start=0) == [one]
    assert applied([one], [three, four, two], start=0) == [one, two, three, four]


def test_a_page_fetched_before_a_recall_and_one_fetched_after_it_end_alike() -> None:
    first, reply = message(1), message(2, quote={"seq": 1, "author": "测试甲", "text": "第1条"})
    recall = message(3, kind="recall", recalls=1)
    blank = [
        {**first, "text": "", "recalled": True, "recalled_by": "测试甲"},
        {**reply, "quote": {**reply["quote"], "text": ""}},
        recall,
    ]
    assert applied([first, reply], [recall], start=0) == blank
    assert applied(blank, [recall], start=0) == blank
