"""What is read from an order's text: names, days as people say them, departments as people call them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.rows import VisitKind
from tests.pure.calendars import INSTANTS
from tickets.clues import Clues, extract
from tickets.department_names import mentioned, speciality
from tickets.spoken_dates import dates_in

TODAY = date(2026, 11, 21)  # a Saturday


def test_one_text_gives_all_its_clues() -> None:
    text = (
        "市民王女士（13800000001）反映其母亲陈测兰上周三在心内科住院，住院号：I2026000001，"
        "身份证990000199001010025，一日清单有误。"
    )
    assert extract(text, TODAY, ["心血管内科", "心内科一病区", "神经内科"]) == Clues(
        patients=("陈测兰",),
        surnames=("王",),
        relative="母亲",
        dates=(date(2026, 11, 11),),
        departments=("心血管内科", "心内科一病区"),
        specialities=(("心血管内科", "心内科"),),
        kinds=(VisitKind.INPATIENT,),
        phones=("13800000001",),
        ids=("990000199001010025",),
        numbers=("I2026000001",),
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("患者张测试在门诊", ("张测试",)),
        ("患者：张测试，男", ("张测试",)),
        ("患者姓名张测试 58岁", ("张测试",)),
        ("我叫欧阳测娜，三天前", ("欧阳测娜",)),
        ("本人测试甲于昨日就诊", ("测试甲",)),
        ("反映母亲陈测兰住院", ("陈测兰",)),
        ("我是李测，患者李测芳已出院", ("李测芳", "李测")),
        ("患者家属反映护士不理人", ()),
        ("患者于昨日就诊", ()),
        ("患者曾多次到医院投诉", ()),
        ("患者张女士来电", ()),
        ("本人昨天看病", ()),
        ("", ()),
    ],
)
def test_names_stand_after_a_word_that_announces_them(text: str, names: tuple[str, ...]) -> None:
    assert extract(text, TODAY).names == names


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("挂了号没看上", {VisitKind.OUTPATIENT}),
        ("打120送急诊后转入病房", {VisitKind.EMERGENCY, VisitKind.INPATIENT}),
        ("单位体检", {VisitKind.EXAM}),
        ("停车场收费1200元", set()),
    ],
)
def test_sorts_of_visit_are_known_by_their_words(text: str, kinds: set[VisitKind]) -> None:
    assert set(extract(text, TODAY).kinds) == kinds


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026年11月20日", [(2026, 11, 20)]),
        ("2026-11-20 09:30", [(2026, 11, 20)]),
        ("２０２６／１１／０３", [(2026, 11, 3)]),
        ("11月20日和11月3号", [(2026, 11, 20), (2026, 11, 3)]),
        ("十一月二十日", [(2026, 11, 20)]),
        ("12月3日", [(2026, 12, 3)]),  # an appointment: not far ahead
        ("2月10日", [(2026, 2, 10)]),
        ("去年12月30日", [(2025, 12, 30)]),
        ("今天、昨天、前天、大前天", [(2026, 11, 21), (2026, 11, 20), (2026, 11, 19), (2026, 11, 18)]),
        ("今早昨晚", [(2026, 11, 21), (2026, 11, 20)]),
        ("上周三", [(2026, 11, 11)]),
        ("本周三", [(2026, 11, 18)]),
        ("上上星期日", [(2026, 11, 8)]),
        ("周三下午", [(2026, 11, 18)]),
        ("礼拜六", [(2026, 11, 21)]),
        ("周日", [(2026, 11, 15)]),
        ("三天前", [(2026, 11, 18)]),
        ("10天之前", [(2026, 11, 11)]),
        ("两周前", [(2026, 11, 7)]),
        ("上个月20号", [(2026, 10, 20)]),
        ("本月2日", [(2026, 11, 2)]),
        ("16号看眼科", [(2026, 11, 16)]),
        ("25号看眼科", [(2026, 10, 25)]),
        ("11月18日至20日", [(2026, 11, 18), (2026, 11, 20)]),
        ("10月30日-11月2日", [(2026, 10, 30), (2026, 11, 2)]),
        ("昨天，11月20日", [(2026, 11, 20)]),
        # no days of the event
        ("周一至周五开诊，每周三停诊，一周三次", []),
        ("5号床、3号楼、12号诊室、2号窗口", []),
        ("3日内答复", []),
        ("2月30日、13月1日、二三月一日", []),
        ("1990年1月1日出生", []),
        ("工单20261120号线索12345", []),
        ("3月份以来", []),
    ],
)
def test_days_are_understood_as_people_say_them(text: str, days: list[tuple[int, int, int]]) -> None:
    assert dates_in(text, TODAY) == tuple(date(*day) for day in days)


def test_a_day_without_a_year_belongs_to_the_year_before_in_january() -> None:
    assert dates_in("12月28日住院，31号出院", date(2026, 1, 5)) == (date(2025, 12, 28), date(2025, 12, 31))
    assert dates_in("2月29日", date(2025, 1, 15)) == (date(2024, 2, 29),)


@given(st.text(alphabet="0123456789一二三十两年月日号上个周星期天前昨今大至-/. 份本", max_size=30), INSTANTS)
def test_no_text_makes_the_reading_of_days_fail(text: str, now: datetime) -> None:
    today = now.date()
    for day in dates_in(text, today):
        assert -3 * 366 <= (day - today).days <= 60


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("心内科一病区", "心血管内科"),
        ("心血管内科门诊", "心血管内科"),
        ("心血管内科（东院）", "心血管内科"),
        ("呼吸与危重症医学科二病区", "呼吸内科"),
        ("骨科第3护理单元", "骨科"),
        ("脑外科", "神经外科"),
        ("ｉｃｕ", "重症医学科"),
        ("口腔", "口腔科"),
        ("发热门诊", "发热门诊"),
        ("健康教育科", "健康教育科"),
        ("门诊部", "门诊部"),
        ("", ""),
    ],
)
def test_a_unit_is_known_by_its_speciality(name: str, expected: str) -> None:
    assert speciality(name) == expected


def test_the_longest_name_at_a_place_is_taken() -> None:
    assert mentioned("心内科转神经内科，再去ct室") == {
        "心血管内科": "心内科",
        "神经内科": "神经内科",
        "放射科": "CT室",
    }
    assert mentioned("内科门诊") == {"内科": "内科"}
    assert mentioned("健康驿站服务好", ["健康驿站"]) == {"健康驿站": "健康驿站"}
    assert mentioned("健康驿站服务好") == {}
