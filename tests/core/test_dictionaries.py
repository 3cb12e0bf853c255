"""Dictionaries: words are offered in order, kept when they were used, retired and taken back; forms take no others."""

import pytest
from pydantic import Field

from core import db, dictionaries
from core import dictionaries_acts as acts
from core.actions import Form
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.dictionaries import KEY, Dictionary, Use, declare
from core.errors import Forbidden, Invalid, NotFound, Refused

KEEPER = Actor(ActorKind.STAFF, 7, "测试管理员", Door.WEB, (Grant(Permission.FORM_MANAGE, "/"),), "10.0.0.8")
NOBODY = Actor(ActorKind.STAFF, 8, "测试甲", Door.WEB)


class Chosen(Form):
    """A form with one word and with several."""

    colour: str = Field(default="红", title="颜色", json_schema_extra={KEY: "test.colour"})
    colours: tuple[str, ...] = Field(default=(), title="几种颜色", json_schema_extra={KEY: "test.colour"})
    other: str = Field(default="", title="别的")


@pytest.fixture
def colour(monkeypatch: pytest.MonkeyPatch, database: object) -> Dictionary:
    """A dictionary of three words, used by files (by name) and by cases (tags)."""
    register: dict[str, Dictionary] = {}
    monkeypatch.setattr(dictionaries, "REGISTER", register)
    monkeypatch.setattr(acts, "REGISTER", register)
    return declare(
        Dictionary(
            "test.colour",
            "颜色",
            "测试",
            ("红", "黄", "绿"),
            "测试",
            (Use("parameter", "value"), Use("cases", "tags", many=True)),
            fixed=frozenset({"红"}),
            longest=4,
        )
    )


async def number(label: str) -> int:
    return next(
        word.id for word in await dictionaries.words("test.colour", all_of_them=True) if word.label == label
    )


async def use(label: str) -> None:
    await db.execute("insert into parameter (name, value) values ('test.used', $1)", label)


async def audited() -> list[str]:
    return [row["action"] for row in await db.fetch("select action from audit order by id")]


async def test_a_new_hospital_begins_with_the_shipped_words_in_their_order(colour: Dictionary) -> None:
    assert await dictionaries.labels(colour.name) == ["红", "黄", "绿"]
    assert dictionaries.known(colour.name) == ("红", "黄", "绿")


async def test_shipped_words_are_not_brought_back_once_the_hospital_keeps_its_own(colour: Dictionary) -> None:
    await dictionaries.open_dictionaries()
    await db.execute("delete from dictionary_word where label in ('黄', '红')")
    await dictionaries.open_dictionaries()
    assert sorted(await dictionaries.labels(colour.name)) == sorted(["红", "绿"])


async def test_a_word_is_added_at_the_end_and_offered(colour: Dictionary) -> None:
    await acts.add(colour.name, "  蓝 ", "B1", by=KEEPER)
    words = await dictionaries.words(colour.name)
    assert [(word.label, word.code, word.changed_by) for word in words][-1] == ("蓝", "B1", "测试管理员")
    assert await audited() == ["dictionary.add"]


@pytest.mark.parametrize("label", ["", "   ", "五个字太长", "红、黄", "a,b", "a;b"])
async def test_a_word_that_does_not_fit_is_refused_with_its_field(colour: Dictionary, label: str) -> None:
    with pytest.raises(Invalid) as caught:
        await acts.add(colour.name, label, by=KEEPER)
    assert caught.value.details[0].field == "label"
    assert await dictionaries.labels(colour.name) == ["红", "黄", "绿"]


async def test_a_code_belongs_to_one_word(colour: Dictionary) -> None:
    await acts.add(colour.name, "蓝", "B1", by=KEEPER)
    with pytest.raises(Invalid) as caught:
        await acts.add(colour.name, "紫", "B1", by=KEEPER)
    assert caught.value.details[0].reason == "“蓝”已经用了这个代码"
    with pytest.raises(Invalid, match="不含空格"):
        await acts.change(await number("蓝"), "蓝", "B 1", by=KEEPER)
    await acts.change(await number("蓝"), "蓝", "B1", by=KEEPER)


async def test_a_word_that_is_there_is_not_added_twice_and_a_retired_one_is_taken_back(
    colour: Dictionary,
) -> None:
    with pytest.raises(Refused, match="已经在颜色里"):
        await acts.add(colour.name, "黄", by=KEEPER)
    await acts.offer(await number("黄"), on=False, by=KEEPER)
    assert await dictionaries.labels(colour.name) == ["红", "绿"]
    before = await number("黄")
    assert await acts.add(colour.name, "黄", by=KEEPER) == before
    assert await dictionaries.labels(colour.name) == ["红", "黄", "绿"]


async def test_an_unused_word_is_renamed_a_used_one_is_only_retired(colour: Dictionary) -> None:
    await acts.change(await number("绿"), "青", "", by=KEEPER)
    assert await dictionaries.labels(colour.name) == ["红", "黄", "青"]
    await use("黄")
    with pytest.raises(Refused, match="已有记录用了“黄”"):
        await acts.change(await number("黄"), "金", "", by=KEEPER)
    await acts.change(await number("黄"), "黄", "Y", by=KEEPER)
    await acts.offer(await number("黄"), on=False, by=KEEPER)
    assert (await dictionaries.labels(colour.name), await acts.counted(colour)) == (["红", "青"], {"黄": 1})


async def test_a_word_in_a_list_of_words_counts_as_used(colour: Dictionary) -> None:
    assert await acts.used(colour, "绿") is False
    await use("绿")
    assert await acts.used(colour, "绿") is True


async def test_what_code_decides_by_is_neither_renamed_nor_retired(colour: Dictionary) -> None:
    with pytest.raises(Refused, match="不能停用"):
        await acts.offer(await number("红"), on=False, by=KEEPER)
    with pytest.raises(Refused, match="不能改名"):
        await acts.change(await number("红"), "朱", "", by=KEEPER)


async def test_words_change_places_and_the_ends_stay(colour: Dictionary) -> None:
    await acts.move(await number("绿"), up=True, by=KEEPER)
    assert await dictionaries.labels(colour.name) == ["红", "绿", "黄"]
    await acts.move(await number("红"), up=True, by=KEEPER)
    await acts.move(await number("黄"), up=False, by=KEEPER)
    assert await dictionaries.labels(colour.name) == ["红", "绿", "黄"]
    await acts.move(await number("红"), up=False, by=KEEPER)
    assert await dictionaries.labels(colour.name) == ["绿", "红", "黄"]


async def test_a_form_takes_words_that_are_offered_and_what_stood_there_before(colour: Dictionary) -> None:
    await dictionaries.check_form(Chosen(colour="黄", colours=("红", "绿"), other="随便"))
    for form, field in ((Chosen(colour="黑"), "colour"), (Chosen(colours=("红", "黑")), "colours")):
        with pytest.raises(Invalid) as caught:
            await dictionaries.check_form(form)
        (fault,) = caught.value.details
        assert (fault.field, fault.reason) == (field, "没有“黑”，可选：红、黄、绿")
    await acts.offer(await number("黄"), on=False, by=KEEPER)
    with pytest.raises(Invalid):
        await dictionaries.check_form(Chosen(colour="黄"))
    await dictionaries.check_form(Chosen(colour="黄"), {"colour": "黄"})
    assert await dictionaries.options_of(Chosen) == {
        "colour": [("红", "红"), ("绿", "绿")],
        "colours": [("红", "红"), ("绿", "绿")],
    }


async def test_only_who_keeps_forms_changes_words(colour: Dictionary) -> None:
    with pytest.raises(Forbidden):
        await acts.add(colour.name, "蓝", by=NOBODY)
    with pytest.raises(Forbidden):
        await acts.offer(await number("绿"), on=False, by=NOBODY)
    with pytest.raises(NotFound):
        await acts.add("no.such", "蓝", by=KEEPER)
    assert await audited() == []


def test_a_dictionary_is_declared_once_and_ships_its_fixed_words(colour: Dictionary) -> None:
    with pytest.raises(ValueError, match="twice"):
        declare(colour)
    with pytest.raises(ValueError, match="not shipped"):
        declare(Dictionary("test.odd", "", "", ("a",), "", fixed=frozenset({"b"})))
