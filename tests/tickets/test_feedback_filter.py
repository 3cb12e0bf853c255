"""The list of cases by tag, risk, severity and category of feedback."""

import pytest

from core import db
from tests.tickets.conftest import Cast
from tests.tickets.test_feedback import registered
from tickets.queries import cases
from tickets.queries.case_filter import read


async def found(query: str, cast: Cast, who: str = "centre") -> list[str]:
    """The titles of the list."""
    wanted, faults = read([tuple(part.split("=")) for part in query.split("&")])  # type: ignore[misc]  # pairs
    assert faults == ()
    return [row.title for row in (await cases.page(wanted, by=cast.people[who])).rows]


async def filled(cast: Cast) -> None:
    """Three complaints."""
    await registered(
        cast.centre, "FK-1", title="甲", tags=["夜间"], risks=["媒体"], severity="重大", categories=[13]
    )
    await registered(
        cast.centre, "FK-2", title="乙", tags=["急诊", "夜间"], severity="一般", categories=[30, 14]
    )
    await registered(cast.centre, "FK-3", title="丙", departments=["骨科"], campus="西院区")


QUERIES: tuple[tuple[str, list[str]], ...] = (
    ("tag=夜间", ["乙", "甲"]),
    ("tag=急诊", ["乙"]),
    ("risk=媒体&risk=暴力", ["甲"]),
    ("severity=重大&severity=一般", ["乙", "甲"]),
    ("topic=1", ["乙", "甲"]),  # 服务态度与沟通 with all below it, main category or not
    ("topic=14", ["乙"]),
    ("topic=1&severity=重大", ["甲"]),
    ("topic=2", []),
)


@pytest.mark.parametrize(("query", "wanted"), QUERIES)
async def test_a_class_finds_its_cases(cast: Cast, query: str, wanted: list[str]) -> None:
    await filled(cast)
    assert await found(query, cast) == wanted


async def test_a_class_does_not_tell_of_a_secret_case(cast: Cast) -> None:
    await filled(cast)
    assert await found("risk=媒体", cast) == ["甲"]
    await db.execute("update cases set secret = true where title = '甲'")
    assert await found("risk=媒体", cast) == []


async def test_a_department_finds_its_own_alone(cast: Cast) -> None:
    await filled(cast)
    assert await found("tag=夜间", cast, "bones") == []
    assert await found("tag=夜间", cast, "liaison") == ["乙", "甲"]


def test_a_word_that_is_no_risk_is_left_out_and_told() -> None:
    wanted, faults = read([("risk", "地震"), ("severity", "重大")])
    assert (wanted.query(), [fault.field for fault in faults]) == ("severity=%E9%87%8D%E5%A4%A7", ["risk"])
