"""The macros that pages are put together from, rendered by the environment of the real application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp_jinja2
import lxml.html
import pytest
import pytest_asyncio

from console.forms import controls
from console.routes import furnish
from console.saved_views import Shelf, View
from core import clock
from core.errors import Fault
from core.web import make_app
from tests.console.test_forms import Sample

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
Draw = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture
async def draw() -> AsyncIterator[Draw]:
    """Renders a line of template with the clock held still."""
    app = make_app()
    furnish(app)
    environment = aiohttp_jinja2.get_env(app)

    async def drawn(line: str, **context: Any) -> Any:
        source = '{% import "components/ui.html" as ui %}{% import "components/forms.html" as forms %}' + line
        return lxml.html.fromstring(f"<div>{environment.from_string(source).render(**context)}</div>")

    with clock.frozen(NOW):
        yield drawn


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


@pytest.mark.parametrize(
    ("due", "look", "said"),
    [
        (
            datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
            "clock-calm",
            "剩 3天8小时 截止 2026-11-24 18:00 印在工单上",
        ),
        (
            datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
            "clock-soon",
            "剩 8小时0分 截止 2026-11-21 17:30 印在工单上",
        ),
        (
            datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
            "clock-late",
            "已超 1天0小时 截止 2026-11-20 09:00 印在工单上",
        ),
    ],
)
async def test_a_clock_says_what_is_left_and_why(draw: Draw, due: datetime, look: str, said: str) -> None:
    (clock_,) = (await draw('{{ ui.clock(due, "印在工单上") }}', due=due)).xpath("./details")
    assert (look in clock_.get("class").split(), words(clock_)) == (True, said)
    assert datetime.fromisoformat(clock_.get("data-due")) == due


async def test_a_clock_that_was_met_stands_still_and_one_without_limit_is_a_dash(draw: Draw) -> None:
    line = "{{ ui.clock(due, stopped=early) }}|{{ ui.clock(due, stopped=late) }}|{{ ui.clock(none) }}"
    due = datetime(2026, 11, 21, tzinfo=UTC)
    drawn = await draw(line, due=due, early=due, late=NOW)
    assert words(drawn) == "按时 · 11-21 08:00 |超时 · 11-21 09:30 |—"
    assert drawn.xpath("//@data-due") == []


async def test_a_provisional_limit_is_marked(draw: Draw) -> None:
    drawn = await draw("{{ ui.clock(due, provisional=true) }}", due=datetime(2027, 1, 4, tzinfo=UTC))
    assert words(drawn.xpath("//summary")[0]) == "剩 43天22小时暂定"


async def test_every_control_is_named_and_its_fault_and_hint_are_tied_to_it(draw: Draw) -> None:
    faults = [Fault(field=name, reason=f"{name} 不对") for name in Sample.model_fields]
    drawn = await draw(
        "{% for control in made %}{{ forms.field(control) }}{% endfor %}",
        made=controls(Sample, faults=faults),
    )
    said = {field: words(drawn.xpath(f"//*[@id='f-{field}-fault']")[0]) for field in Sample.model_fields}
    assert said == {field: f"{field} 不对" for field in Sample.model_fields}
    for label in drawn.xpath("//label[@for]"):
        assert len(drawn.xpath(f"//*[@id='{label.get('for')}']")) == 1
    for group in drawn.xpath("//*[@role='group']"):
        assert len(drawn.xpath(f"//*[@id='{group.get('aria-labelledby')}']")) == 1
    for told in drawn.xpath("//@aria-describedby"):
        assert len(drawn.xpath(f"//*[@id='{told}']")) == 1
    assert drawn.xpath("//*[@style or @onclick]") == []


async def test_a_form_shows_what_was_typed(draw: Draw) -> None:
    values = {
        "line": '甲"<b>',
        "text": "第一行\n</textarea>",
        "days": "3",
        "way": "mail",
        "told": "true",
        "units": ["2"],
    }
    drawn = await draw(
        "{{ forms.fields(form, values, (), options) }}",
        form=Sample,
        values=values,
        options={"units": [("1", "心内科"), ("2", "普外科")], "free": []},
    )
    assert drawn.xpath("//input[@name='line']/@value") == ['甲"<b>']
    assert drawn.xpath("//textarea")[0].text == "第一行\n</textarea>"
    assert drawn.xpath("//input[@name='days']/@*[name() = 'value' or name() = 'min' or name() = 'max']") == [
        "3",
        "1",
        "15",
    ]
    assert drawn.xpath("//input[@checked]/@name") == ["way", "told", "units"]
    assert drawn.xpath("//input[@checked]/@value") == ["mail", "true", "2"]


async def test_searching_for_people_sends_nothing_with_the_form_but_the_person(draw: Draw) -> None:
    control = [one for one in controls(Sample) if one.name == "count"]
    drawn = await draw("{{ forms.staff(control, 'f-who') }}", control=control[0])
    (search,) = drawn.xpath("//input")
    assert (search.get("form"), search.get("hx-get"), search.get("hx-target")) == (
        "none",
        "/pick/people?name=count",
        "#f-who-found",
    )


async def test_views_can_be_deleted_by_their_owner_only(draw: Draw) -> None:
    views = [View(1, "我的", "a=1", shared=False, own=True), View(2, "全院", "b=2", shared=True, own=False)]
    kept = Shelf("patients-left", tuple(views))
    drawn = await draw(
        "{% import 'components/views.html' as v %}{{ v.bar(kept, 'b=2', 'token') }}", kept=kept
    )
    assert drawn.xpath("//span[contains(@class, 'view')]/a/@href") == [
        "/patients/left?a=1",
        "/patients/left?b=2",
    ]
    assert [words(view) for view in drawn.xpath("//span[contains(@class, 'here')]")] == ["全院"]
    assert drawn.xpath("//button/@formaction") == ["/views/1/forget"]
    assert drawn.xpath("//input[@name='query']/@value") == ["b=2"]


async def test_progress_asks_without_keeping_the_session_alive(draw: Draw) -> None:
    (run,) = (await draw("{{ ui.progress('/imports/1/progress') }}")).xpath("//*[@hx-get]")
    assert (run.get("hx-get"), run.get("hx-headers")) == ("/imports/1/progress", '{"X-Background": "1"}')
