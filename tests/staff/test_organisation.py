"""Units are found by what people call them, roles by walking up, and rights reach as far as the post does."""

import pytest

from core import db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import NotFound, Refused, Unauthenticated
from staff import actors, queries, stamped
from staff.roles import LABELS, ROLES, Role
from tests.staff.cast import House


@pytest.mark.parametrize(
    ("name", "campus", "found"),
    [
        ("普外科", "", "west_surgery"),
        ("外一科", "", "west_surgery"),
        (" 普 外科", "", "west_surgery"),
        ("西院区普外科", "", "west_surgery"),
        ("心内科", "", None),  # both campuses have one
        ("心内科", "东院", "east_cardiology"),
        ("心血管内科", "示范医院西院区", "west_cardiology"),
        ("西院心内科", "", "west_cardiology"),
        ("心脏内科", "", "east_cardiology"),
        ("投诉办", "东院", "centre"),  # it lies in no campus; a name borne once needs none
        ("东院", "", "east"),
        ("普外科", "东院", None),  # the west has one, but the east was said
        ("普外科", "南院", "west_surgery"),  # nobody knows that campus
        ("普外科门诊", "", "west_surgery"),
        ("心内科病房", "西院", "west_cardiology"),
        ("口腔科", "", None),
        ("门诊", "", None),
    ],
)
async def test_a_unit_is_found_by_any_of_its_names(
    house: House, name: str, campus: str, found: str | None
) -> None:
    unit = (await queries.tree()).find(name, campus)
    assert (unit.id if unit else None) == (house.unit[found] if found else None)


async def test_a_closed_unit_is_not_found_by_name_but_its_past_stays_in_reach(house: House) -> None:
    ward = house.unit["east_ward"]
    await db.execute("update org_unit set active = false where id = $1", ward)
    await queries.forget_tree()
    tree = await queries.tree()
    assert tree.find("心内科一病区") is None
    assert tree.unit(ward).name == "心内科一病区"
    assert tree.within([tree.unit(house.unit["east_cardiology"]).path]) == (
        house.unit["east_cardiology"],
        ward,
    )


async def test_the_tree_knows_lines_sites_and_labels(house: House) -> None:
    tree = await queries.tree()
    unit = house.unit
    assert [found.id for found in tree.line(unit["east_ward"])] == [
        unit["east_ward"],
        unit["east_cardiology"],
        unit["east"],
        unit["group"],
    ]
    assert tree.label(unit["east_ward"]) == "东院区 · 心内科一病区"
    assert (tree.label(unit["east"]), tree.label(unit["centre"])) == ("东院区", "病人服务中心")
    assert [found.id for found in tree.below(tree.unit(unit["west"]).path)] == [
        unit["west"],
        unit["west_cardiology"],
        unit["west_surgery"],
    ]
    with pytest.raises(NotFound, match="没有这个科室"):
        tree.unit(999_999)


async def test_a_change_by_another_process_is_seen_when_the_cache_looks_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = await queries.tree()
    assert tree.find("骨科") is None
    monkeypatch.setattr(stamped, "LOOK_AGAIN", 0.0)
    assert await queries.tree() is tree  # nothing changed: the same value

    await db.execute("update org_unit set name = '骨科' where id = $1", house.unit["west_surgery"])

    found = (await queries.tree()).find("骨科")
    assert found is not None
    assert found.id == house.unit["west_surgery"]


async def test_what_a_transaction_takes_back_is_not_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamped, "LOOK_AGAIN", 0.0)

    async def rename_and_think_better_of_it() -> None:
        async with db.transaction():
            await db.execute("update org_unit set name = '骨科' where id = $1", house.unit["west_surgery"])
            assert (await queries.tree()).find("骨科") is not None
            raise Refused("不改了")

    with pytest.raises(Refused):
        await rename_and_think_better_of_it()
    monkeypatch.setattr(stamped, "LOOK_AGAIN", 60.0)
    assert (await queries.tree()).find("骨科") is None


async def test_holders_come_by_rank_and_from_the_nearest_unit_above(house: House) -> None:
    unit, staff = house.unit, house.staff

    async def liaisons(name: str) -> list[int]:
        return [person.id for person in await queries.holders(unit[name], Role.LIAISON)]

    assert await liaisons("east_cardiology") == [staff["alice"], staff["dora"]]
    assert await liaisons("east_ward") == [staff["alice"], staff["dora"]]
    assert await liaisons("west_cardiology") == [staff["bob"]]
    assert await liaisons("west_surgery") == []
    assert [p.id for p in await queries.holders(unit["west_surgery"], Role.VICE_PRESIDENT)] == [
        staff["west_vp"]
    ]

    await db.execute("update staff set active = false where id = $1", staff["alice"])
    assert await liaisons("east_cardiology") == [staff["dora"]]


async def test_people_are_found_by_wecom_number_and_beginning_of_name(house: House) -> None:
    alice = queries.Person(house.staff["alice"], "alice", "测试alice", wecom_userid="wx_alice")
    assert await queries.person(alice.id) == alice
    assert await queries.by_wecom("wx_alice") == alice
    assert await queries.by_number("alice") == alice
    assert await queries.people([alice.id, 999_999]) == {alice.id: alice}
    assert await queries.find_people("测试al") == [alice]
    assert await queries.find_people("%") == []
    assert await queries.by_wecom("wx_nobody") is None
    east = (await queries.tree()).unit(house.unit["east"]).path
    assert [person.number for person in await queries.find_people("测试", path=east)] == [
        "alice",
        "dora",
        "head",
    ]


async def test_an_actor_has_the_grants_of_their_posts_and_no_more(house: House) -> None:
    alice = await actors.actor_of(house.staff["alice"], Door.WECOM, "192.0.2.7")
    tree = await queries.tree()
    path = tree.unit(house.unit["east_cardiology"]).path
    assert alice == Actor(
        kind=ActorKind.STAFF,
        id=house.staff["alice"],
        name="测试alice",
        door=Door.WECOM,
        grants=tuple(
            sorted((Grant(p, path) for p in ROLES[Role.LIAISON]), key=lambda g: (g.path, g.permission))
        ),
        address="192.0.2.7",
    )
    assert alice.can(Permission.TICKET_HANDLE, tree.unit(house.unit["east_ward"]).path)
    assert not alice.can(Permission.TICKET_HANDLE, tree.unit(house.unit["west_cardiology"]).path)
    assert not alice.can(Permission.TICKET_ENDORSE)
    carol = await house.actor("carol")
    assert carol.scope(Permission.CASE_READ) == ("/",)  # a post in the group reaches over all of it


async def test_two_posts_add_up(house: House) -> None:
    await db.execute(
        "insert into post (staff_id, unit_id, role) values ($1, $2, 'department_head')",
        house.staff["alice"],
        house.unit["west_surgery"],
    )
    alice, tree = await house.actor("alice"), await queries.tree()
    surgery, cardiology = (
        tree.unit(house.unit["west_surgery"]).path,
        tree.unit(house.unit["east_cardiology"]).path,
    )
    assert set(alice.scope(Permission.TICKET_HANDLE)) == {surgery, cardiology}
    assert alice.scope(Permission.TICKET_ENDORSE) == (surgery,)


async def test_who_is_disabled_acts_no_more(house: House) -> None:
    await db.execute("update staff set active = false where id = $1", house.staff["bob"])
    with pytest.raises(Unauthenticated, match="已停用或已冻结"):
        await house.actor("bob")
    assert await queries.by_wecom("wx_bob") is None


def test_every_role_has_a_name_and_rights_and_watching_lies_apart_from_keeping() -> None:
    assert set(ROLES) == set(LABELS) == set(Role)
    assert [role for role in Role if not ROLES[role]] == []
    keepers = ROLES[Role.ADMINISTRATOR]
    assert keepers.isdisjoint(ROLES[Role.AUDITOR])
    assert {Permission.CASE_READ, Permission.PATIENT_READ, Permission.AUDIT_READ}.isdisjoint(keepers)
