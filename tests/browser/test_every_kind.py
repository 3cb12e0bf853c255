"""Every kind of question on phone and desktop, small and large letters: by the numbers and by axe; in English without a
word of Chinese; the first view on the wire, and that it can be used before any script has come."""

import re

from playwright.async_api import Route, expect

from surveys.responses import entrances
from surveys.responses.rows import Channel
from tests.browser import every_kind
from tests.browser.conftest import Windows
from tests.browser.measuring import faults_of, told
from tests.browser.test_kiosk_filling import answer_what_must_be, asks_here
from tests.story.hospital import Hospital
from tests.surveys.responses_stage import HOUSE

LOOKS = ((390, False), (390, True), (1440, False))
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


async def door() -> str:
    """An open door to a fresh questionnaire with every kind of question."""
    version = await every_kind.published()
    return f"/p/s/{(await entrances.create(version.questionnaire_id, Channel.QR, '走廊', by=HOUSE)).code}"


async def test_every_screen_keeps_the_numbers_small_and_large_on_phone_and_desktop(
    windows: Windows, hospital: Hospital
) -> None:
    page = await windows.open(width=390, height=844)
    await page.goto(hospital.web + await door())
    await page.wait_for_selector("#filling.live")
    faults: list[str] = []
    seen: list[str] = []
    while await page.locator("#filling.live").count():
        here = await asks_here(page)
        seen += here
        for width, big in LOOKS:
            await page.set_viewport_size({"width": width, "height": 844})
            await page.evaluate("(big) => document.documentElement.classList.toggle('big', big)", big)
            found = await faults_of(page, big=big)
            faults += [
                f"{width} {'large' if big else 'plain'} {'+'.join(here)} {line.partition(': ')[2]}"
                for line in found
            ]
        await answer_what_must_be(page)
        await page.click("#next")
        await page.wait_for_function(
            "(code) => document.querySelector('[data-done]') || !document.querySelector(`fieldset[data-code='${code}']`).checkVisibility()",
            arg=here[0],
        )
    assert seen == list(every_kind.QUESTIONS)
    assert faults == [], told(list(dict.fromkeys(faults)))
    assert windows.complaints == []


async def test_in_english_no_word_of_chinese_is_left_on_any_screen(
    windows: Windows, hospital: Hospital
) -> None:
    page = await windows.open(width=390, height=844)
    await page.context.add_cookies([{"name": "huiyin_language", "value": "en", "url": hospital.web}])
    await page.goto(hospital.web + await door())
    await page.wait_for_selector("#filling.live")
    assert await page.locator("html").get_attribute("lang") == "en"
    left: list[str] = []

    async def note() -> None:
        told_here = await page.evaluate(
            "[document.body.innerText, ...[...document.querySelectorAll('[aria-label], [placeholder], [title], [alt], [data-words]')]"
            ".flatMap((one) => ['aria-label', 'placeholder', 'title', 'alt', 'data-words'].map((name) => one.getAttribute(name) || ''))].join('\\n')"
        )
        without = told_here.replace("示范医院集团", "").replace("中文", "")
        left.extend(CHINESE.findall(without))

    await page.click("#next")  # the faults of a screen too
    while await page.locator("#filling.live").count():
        here = await asks_here(page)
        await note()
        await answer_what_must_be(page)
        await page.click("#next")
        await page.wait_for_function(
            "(code) => document.querySelector('[data-done]') || !document.querySelector(`fieldset[data-code='${code}']`).checkVisibility()",
            arg=here[0],
        )
    await page.wait_for_selector("[data-done]")
    await note()
    assert sorted(set(left)) == []


async def test_the_first_view_is_small_on_the_wire_and_usable_before_scripts(
    windows: Windows, hospital: Hospital
) -> None:
    page = await windows.open(width=390, height=844)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)  # no script ever comes

    await page.route(re.compile(r"\.js(\?|$)"), hold)
    wire = await page.context.new_cdp_session(page)
    got: list[float] = []
    wire.on("Network.loadingFinished", lambda event: got.append(event["encodedDataLength"]))
    await wire.send("Network.enable")
    path = await door()
    await page.goto(hospital.web + path, wait_until="commit")
    await expect(page.locator("#next")).to_be_visible()
    await page.locator('fieldset[data-code="single"] label').first.click()
    await page.click("#next")  # a form like any other
    await expect(page.locator('fieldset[data-code="stars"]')).to_be_visible()
    assert held

    await page.unroute(re.compile(r"\.js(\?|$)"))
    fresh = await windows.open(width=390, height=844)
    wire = await fresh.context.new_cdp_session(fresh)
    got.clear()
    wire.on("Network.loadingFinished", lambda event: got.append(event["encodedDataLength"]))
    await wire.send("Network.enable")
    await fresh.goto(hospital.web + path, wait_until="networkidle")
    await fresh.wait_for_selector("#filling.live")
    assert len(got) > 5
    assert sum(got) < 100_000
