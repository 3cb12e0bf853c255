"""A pydantic form becomes controls."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

import pytest
from pydantic import Field

from console.forms import Control, controls, parse
from core.actions import Form, Nothing
from core.errors import Fault, Invalid


class Way(StrEnum):
    PHONE = "phone"
    MAIL = "mail"


class Sample(Form):
    line: str = Field(title="标题", min_length=1, max_length=100)
    text: str = Field(default="", title="内容", description="写清经过", max_length=2000)
    days: int = Field(title="延长", ge=1, lt=16, json_schema_extra={"widget": "days"})
    count: int | None = Field(default=None, title="数量", gt=0, le=9)
    on: date = Field(title="日期")
    at: datetime | None = Field(default=None, title="时间")
    way: Way = Field(default=Way.PHONE, title="方式", json_schema_extra={"labels": {"phone": "电话"}})
    kind: Literal["a", "b"] = Field(title="种类")
    told: bool = Field(default=False, title="告知")
    units: list[int] = Field(default_factory=list, title="科室", json_schema_extra={"widget": "departments"})
    free: tuple[str, ...] = Field(default=(), title="标签")


def test_every_field_becomes_the_control_that_fits_it() -> None:
    assert controls(Sample, options={"units": [("1", "东院区 · 心内科")], "free": [("x", "甲")]}) == [
        Control("line", "标题", "line", required=True, longest=100),
        Control("text", "内容", "text", hint="写清经过", longest=2000),
        Control("days", "延长", "days", required=True, low=1, high=15),
        Control("count", "数量", "number", low=1, high=9),
        Control("on", "日期", "date", required=True),
        Control("at", "时间", "moment"),
        Control("way", "方式", "choice", value="phone", options=(("phone", "电话"), ("mail", "mail"))),
        Control("kind", "种类", "choice", required=True, options=(("a", "a"), ("b", "b"))),
        Control("told", "告知", "yes_no", value="false"),
        Control("units", "科室", "departments", value=(), options=(("1", "东院区 · 心内科"),)),
        Control("free", "标签", "choices", value=(), options=(("x", "甲"),)),
    ]


def test_what_was_typed_and_what_was_wrong_with_it_come_back() -> None:
    found = controls(
        Sample, {"line": "甲", "told": True, "units": [3, 4]}, [Fault(field="line", reason="不能少于 2 个字")]
    )
    shown = {
        control.name: (control.value, control.fault) for control in found if control.value or control.fault
    }
    assert shown == {
        "line": ("甲", "不能少于 2 个字"),
        "told": ("true", ""),
        "units": (("3", "4"), ""),
        "way": ("phone", ""),
    }


def test_a_form_that_asks_nothing_has_no_controls() -> None:
    assert controls(Nothing) == []


def test_a_filled_form_is_the_form_and_a_faulty_one_names_each_field() -> None:
    good = parse(Sample, {"line": "甲", "days": "3", "on": "2026-11-21", "kind": "a", "units": ["1"]})
    assert (good.days, good.on, good.units, good.way) == (3, date(2026, 11, 21), [1], Way.PHONE)
    with pytest.raises(Invalid) as refused:
        parse(Sample, {"days": "x", "on": "2026-11-21", "kind": "c", "other": "1"})
    assert [(fault.field, fault.label, fault.reason) for fault in refused.value.details] == [
        ("line", "标题", "必填"),
        ("days", "延长", "必须是整数"),
        ("kind", "种类", "只能是：'a' or 'b'"),
        ("other", "other", "没有这一项"),
    ]
