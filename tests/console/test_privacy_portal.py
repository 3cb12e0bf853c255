"""A person's copy and deletion reach what the patient side keeps of them, and leave alone what is somebody else's."""

from uuid import uuid4

import orjson
import pytest

from core import crypto, db, links
from core.actor import system
from core.errors import NotFound
from patients import agreements, bindings
from patients.agreements import Kind, Way
from patients.bindings import Proof, Relation, Wish
from surveys import asks
from surveys.responses import drafting, submitting
from surveys.responses.drafting import Opening, Save
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission
from tests.console.desk import Desk
from tests.console.privacy_cast import PHONE, agreed_to, asked_for, bytes_of, jobs, patient, unlocked
from tests.console.test_privacy import desk
from tests.surveys.responses_stage import DEFINITION, PATIENT, WHOLE, publish
from tickets.privacy import packing

__all__ = ["desk"]  # the fixture serves here too

BY = system("测试")
OTHER_PHONE = "13800000009"


async def session(account: int | None, patient_id: int | None, way: str) -> None:
    await db.execute(
        "insert into portal_session (token_hash, account_id, patient_id, way, csrf, address, agent, created_at, seen_at)"
        " values ($1, $2, $3, $4, 'x', '10.0.0.8', 'Mobile', now(), now())",
        crypto.search_hash(f"{account} {way}"),
        account,
        patient_id,
        way,
    )


async def live() -> tuple[int, int, int, int]:
    """The patient, their own account, and the account of a relative who is bound to them and to a child of their own."""
    one, child = await patient(), await patient("P-2", OTHER_PHONE)
    own = await bindings.account_of_phone(PHONE)
    other = await bindings.account_of_phone(OTHER_PHONE)
    await agreements.agree(Kind.SERVICE, 2, "en", Way.SIGN_IN, by=BY, account_id=own)
    for account, patient_id, relation in (
        (own, one, Relation.SELF),
        (other, one, Relation.PARENT),
        (other, child, Relation.CHILD),
    ):
        wish = Wish(relation, None, agreed=True, guardian=False, read=(2, 2), language="zh-CN")
        await bindings.bind(account, patient_id, wish, Proof.DESK, by=BY)
    await session(own, one, "sms")
    await session(None, one, "card")
    await session(other, one, "sms")
    return one, own, other, child


async def answered(patient_id: int) -> str:
    """A questionnaire they finished, and another they began; the link to the second."""
    version = await publish(DEFINITION)
    done = await asks.create(version.questionnaire_id, by=BY, patient_id=patient_id, plan="一")
    opening = Opening(uuid4(), version.questionnaire_id, Channel.SMS, ask=done)
    await submitting.submit(Submission(opening.id, PATIENT, WHOLE, opening=opening))
    open_one = await asks.create(version.questionnaire_id, by=BY, patient_id=patient_id, plan="二")
    begun = await drafting.begin(Opening(uuid4(), version.questionnaire_id, Channel.WEB, ask=open_one))
    await drafting.save(Save(begun.id, "nurse", {"n": "2"}, 1, 500))
    return await asks.link(open_one, by=BY)


async def test_the_copy_holds_accounts_bindings_sign_ins_and_questionnaires(desk: Desk) -> None:
    one, *_ = await live()
    await answered(one)
    case, centre = await asked_for(desk, "copy")
    await agreed_to(desk, case, "pack", centre)
    await jobs(packing.KIND)
    page = await centre.get(f"/cases/{case}")
    (path,) = page.tree.xpath("//a[contains(@href, '/privacy/packages/')]/@href")
    _, data = await bytes_of(centre, path)
    archive = await unlocked(case, data)
    parts = {name: part["records"] for name, part in orjson.loads(archive.read("data.json"))["parts"].items()}
    assert [(row["what"], row["way"]) for row in parts["portal"]] == [
        ("账号", "手机号"),
        ("登录", "短信验证码"),
        ("登录", "刷卡"),
    ]
    assert [row["what"] for row in parts["bindings"]] == [
        "绑定（就诊人是账号持有人的：本人）",
        "绑定（就诊人是账号持有人的：父母）",
        "同意《服务与个人信息说明》",
        "同意《绑定就诊人同意书》",
        "同意《绑定就诊人同意书》",
    ]
    assert [(row["state"], row["answers"]) for row in parts["questionnaires"]] == [
        ("已提交", WHOLE),
        ("未提交", {"nurse": {"n": "2"}}),
    ]
    assert OTHER_PHONE not in archive.read("data.json").decode()


async def test_deletion_empties_the_own_account_and_parts_the_person_from_their_answers(desk: Desk) -> None:
    one, own, other, child = await live()
    token = await answered(one)
    case, centre = await asked_for(desk, "erase")
    await agreed_to(desk, case, "erase", centre)
    accounts = await db.fetch(
        "select id, phone_hash is null as emptied, openid from portal_account order by id"
    )
    assert [tuple(row) for row in accounts] == [(own, True, f"erased:{own}"), (other, False, None)]
    bound = await db.fetch("select account_id, patient_id from patient_binding where ended_at is null")
    assert [tuple(row) for row in bound] == [(other, child)]
    sessions = await db.fetch("select account_id, patient_id from portal_session")
    assert [tuple(row) for row in sessions] == [(other, None)]
    rows = await db.fetch(
        "select state, patient_id, private is null as clear, answers::text as answers from response"
    )
    assert [(row["state"], row["patient_id"], row["clear"]) for row in rows] == [("completed", None, True)]
    assert orjson.loads(rows[0]["answers"]) == {
        code: answer for code, answer in WHOLE.items() if code not in ("wish", "phone")
    }
    assert await db.fetchval("select count(*) from survey_ask where patient_id is not null") == 0
    with pytest.raises(NotFound):
        await links.resolve(asks.LINK, token)
    assert await db.fetchval("select count(*) from portal_agreement") == 4  # the proof stays
    told = await db.fetch(
        "select what, amount from privacy_erasure where what = any($1) order by what",
        ["drafts", "portal_accounts", "portal_sessions", "responses"],
    )
    assert [tuple(row) for row in told] == [
        ("drafts", 1),
        ("portal_accounts", 3),
        ("portal_sessions", 2),
        ("responses", 1),
    ]
