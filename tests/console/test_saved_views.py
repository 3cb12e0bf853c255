"""Named views of a list: one's own, and those that others share."""

import pytest

from console.saved_views import MOST, SHOWN, View, ViewForm, forget, keep, shelf, views
from core.errors import Invalid, NotFound
from tests.console.conftest import Console


async def test_a_view_is_kept_without_the_place_in_the_list_and_leads_back_to_it(console: Console) -> None:
    alice = await console.enter("alice")
    saved = await alice.post(
        "/views", {"page": "cases", "name": "待我审核", "query": "state=review&unit=23&before=99"}
    )
    assert (saved.status, saved.headers["Location"]) == (303, "/cases?state=review&unit=23&before=99")
    by = await console.house.actor("alice")
    (view,) = await views("cases", by=by)
    assert view == View(view.id, "待我审核", "state=review&unit=23", shared=False, own=True)
    assert await views("tickets", by=by) == []


async def test_others_see_what_is_shared_and_only_its_owner_deletes_it(console: Console) -> None:
    alice, bob = await console.house.actor("alice"), await console.house.actor("bob")
    await keep(ViewForm(page="cases", name="我的", query="a=1"), by=alice)
    shared = await keep(ViewForm(page="cases", name="全院超时", query="late=1", shared=True), by=alice)
    assert await views("cases", by=bob) == [View(shared, "全院超时", "late=1", shared=True, own=False)]
    with pytest.raises(NotFound):
        await forget(shared, by=bob)
    browser = await console.enter("alice")
    gone = await browser.post(f"/views/{shared}/forget")
    assert (gone.status, gone.headers["Location"]) == (303, "/cases")
    assert await views("cases", by=bob) == []


async def test_the_same_name_replaces(console: Console) -> None:
    alice = await console.house.actor("alice")
    first = await keep(ViewForm(page="cases", name="我的", query="a=1"), by=alice)
    again = await keep(ViewForm(page="cases", name="我的", query="a=2", shared=True), by=alice)
    assert (again, await views("cases", by=alice)) == (
        first,
        [View(first, "我的", "a=2", shared=True, own=True)],
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"page": "cases", "name": " ", "query": ""}, "视图名称"),
        ({"page": "cases", "name": "长" * 41, "query": ""}, "视图名称"),
        ({"page": "staff", "name": "甲", "query": ""}, "列表"),
        ({"page": "cases", "name": "甲", "query": "x" * 2001}, "筛选条件"),
    ],
)
async def test_a_bad_view_is_refused_and_not_kept(console: Console, data: dict[str, str], field: str) -> None:
    page = await (await console.enter("alice")).post("/views", data)
    assert (page.status, page.one("//li").split("：")[0]) == (422, field)
    assert await views("cases", by=await console.house.actor("alice")) == []


async def test_there_is_an_end_to_views(console: Console) -> None:
    alice = await console.house.actor("alice")
    for number in range(MOST):
        await keep(ViewForm(page="cases", name=f"视图{number}"), by=alice)
    with pytest.raises(Invalid, match=f"最多保存 {MOST} 个视图"):
        await keep(ViewForm(page="cases", name="再一个"), by=alice)
    assert len(await views("cases", by=alice)) == MOST


async def test_some_stand_above_the_list_with_the_one_in_use_and_the_others_come_when_asked_for(
    console: Console,
) -> None:
    by, alice = await console.house.actor("alice"), await console.enter("alice")
    names = [f"视图{number:02d}" for number in range(SHOWN + 4)]
    for number, name in enumerate(names):
        await keep(ViewForm(page="cases", name=name, query=f"q=甲{number}"), by=by)
    kept = await shelf("cases", "q=%E7%94%B210", by=by)
    assert [view.name for view in kept.views] == [*names[:SHOWN], names[10]]
    assert kept.hidden == 3
    page = await alice.get("/cases?q=甲10")
    assert page.tree.xpath("//details[contains(@class, 'views-more')]/@hx-get") == ["/views?page=cases"]
    menu = await alice.get("/views?page=cases", part=True)
    assert menu.tree.xpath("//span[contains(@class, 'view')]/a/text()") == names
    assert (await alice.get("/views?page=staff", part=True)).status == 404
