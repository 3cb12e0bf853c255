"""Every way of logging in, in a real browser over one running hospital: what a person sees, presses and is told."""

import re

import pyotp
from playwright.async_api import Page, expect

from core import clock, db
from staff.login import captcha
from tests.browser.conftest import Windows
from tests.story.hospital import Hospital


async def typed(page: Page, hospital: Hospital, number: str, password: str) -> None:
    """Fill in the form as it stands and press 登录."""
    await page.fill("#number", number)
    await page.fill("#password", password)
    await page.click("button.gate-enter")


async def at_home(page: Page, hospital: Hospital) -> None:
    """The home page is open."""
    await page.wait_for_url(f"{hospital.web}/")


async def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (page.url, wide) == (page.url, 0)


async def without_factor(number: str) -> None:
    """Let this person have no second factor, as at the beginning."""
    await db.execute("update staff set totp_secret = null, totp_pending = null where number = $1", number)


async def test_by_password_to_the_page_one_wanted(windows: Windows, hospital: Hospital) -> None:
    page = await windows.open(width=390, height=844)
    await page.goto(f"{hospital.web}/account")
    await fits(page)
    await typed(page, hospital, "head", "Wrong-1234")
    await expect(page.get_by_role("alert")).to_contain_text("工号或密码不正确")
    await typed(page, hospital, "head", hospital.password)
    await page.wait_for_url(f"{hospital.web}/account")
    assert windows.complaints == []


async def test_by_password_and_the_code_of_the_phone_which_is_set_up_first(
    windows: Windows, hospital: Hospital
) -> None:
    await without_factor("deputy")
    page = await windows.desk("deputy")
    await page.goto(f"{hospital.web}/account")
    await page.get_by_role("link", name="启用两步验证").click()
    await page.get_by_role("button", name="开始设置").click()
    await page.locator("img.gate-qr").wait_for()
    await page.get_by_text("不能扫码").click()
    secret = await page.locator(".gate-secret code").inner_text()
    await page.fill("input[name=code]", "12")
    await page.get_by_role("button", name="确认启用").click()
    await expect(page.locator(".fault")).to_contain_text("验证码不正确")
    app = pyotp.TOTP(secret.replace(" ", ""))
    await page.fill("input[name=code]", app.at(clock.now()))
    await page.get_by_role("button", name="确认启用").click()
    codes = await page.locator(".gate-codes code").all_inner_texts()
    assert len(codes) == 10
    await page.get_by_role("link", name="已保存，进入系统").click()
    await at_home(page, hospital)

    phone = await windows.open(width=390, height=844)
    await phone.goto(f"{hospital.web}/login")
    await typed(phone, hospital, "deputy", hospital.password)
    await phone.wait_for_url(re.compile("/login/second"))
    await fits(phone)
    await phone.fill("#code", "000000")
    await phone.click("button.gate-enter")
    await expect(phone.get_by_role("alert")).to_contain_text("验证码不正确或已用过")
    await phone.fill("#code", codes[0])  # the step of the app was used a moment ago
    await phone.click("button.gate-enter")
    await at_home(phone, hospital)
    assert windows.complaints == []


async def test_after_failures_a_captcha_that_is_seen_and_heard(windows: Windows, hospital: Hospital) -> None:
    page = await windows.open(width=390, height=844)
    await page.goto(f"{hospital.web}/login")
    for _ in range(2):
        async with page.expect_navigation():  # the alert of the try before looks like that of this one
            await typed(page, hospital, "cashier", "Wrong-1234")
        await page.get_by_role("alert").wait_for()
    picture = page.locator(".captcha-row img")
    await picture.wait_for(timeout=60_000)  # the check of a password gives way to whatever else runs
    await fits(page)
    # Drawn by the server after the page: "decode" waits for it, and fails when it is no picture.
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == captcha.WIDTH
    before = await picture.get_attribute("src")
    await page.get_by_role("button", name="换一张").click()
    await expect(picture).not_to_have_attribute("src", before or "")
    sound = await page.locator("audio").get_attribute("src")
    heard = await page.request.get(f"{hospital.web}{sound}")
    assert (heard.headers["content-type"], (await heard.body())[:4]) == ("audio/wav", b"RIFF")
    await page.fill("#captcha-answer", "12")
    await typed(page, hospital, "cashier", hospital.password)
    await expect(page.locator("#captcha-fault")).to_contain_text("图形验证码不正确")
    answer = await db.fetchval(
        "select answer from captcha where used_at is null order by expires_at desc limit 1"
    )
    await page.fill("#captcha-answer", answer)
    await typed(page, hospital, "cashier", hospital.password)
    await at_home(page, hospital)
    assert windows.complaints == []


async def scanned(windows: Windows, page: Page) -> Page:
    """The phone that has scanned the QR code of this page."""
    link = page.locator(".other a, .gate-here a").first
    phone = await windows.open(width=390, height=844)
    await phone.goto(await link.get_attribute("href") or "")
    return phone


async def test_by_the_qr_code_of_wecom(windows: Windows, hospital: Hospital) -> None:
    page = await windows.open()
    await page.goto(f"{hospital.web}/login")
    await page.get_by_role("link", name="企业微信扫码").click()
    await page.locator("img.qr").wait_for()
    phone = await scanned(windows, page)
    await phone.get_by_text("取消登录").click()
    await expect(page.locator(".gate-note")).to_contain_text("没有在企业微信里确认登录")
    await page.get_by_role("link", name="企业微信扫码").click()
    await page.locator("img.qr").wait_for()
    phone = await scanned(windows, page)
    await phone.get_by_text("测试骨科主任").click()
    await at_home(page, hospital)
    await expect(page.locator(".person-words b")).to_have_text("测试骨科主任")
    assert windows.complaints == []


async def test_by_the_certificate_on_the_phone_rsa_and_sm2(windows: Windows, hospital: Hospital) -> None:
    page = await windows.desk("bones")
    for kind in ("RSA 签名", "国密签名"):
        await page.goto(f"{hospital.web}/account")
        await page.locator("#certificates form[action$=certificates] button").click()
        await page.wait_for_url(re.compile("/account/certificates/new"))
        await fits(page)
        await pressed(await scanned(windows, page), "bones", kind)
        await page.wait_for_url(f"{hospital.web}/account")
    await expect(page.locator("#certificates tbody tr")).to_have_count(2)

    for kind in ("RSA 签名", "国密签名"):
        window = await windows.open(width=390, height=844)
        await window.goto(f"{hospital.web}/login")
        await window.get_by_role("button", name="移动 CA 证书").click()
        await window.locator("img.gate-qr").wait_for()
        await fits(window)
        await pressed(await scanned(windows, window), "bones", kind)
        await at_home(window, hospital)

    window = await windows.open()
    await window.goto(f"{hospital.web}/login")
    await window.get_by_role("button", name="移动 CA 证书").click()
    await pressed(await scanned(windows, window), "vice", "国密签名")  # nobody's certificate here
    await expect(window.locator(".gate-over")).to_contain_text("未能确认您的证书")
    await window.get_by_role("button", name="重新获取二维码").click()
    phone = await scanned(windows, window)
    await phone.get_by_role("button", name="拒绝").click()
    await expect(window.locator(".gate-over")).to_contain_text("您在手机上拒绝了这次签名")
    assert windows.complaints == []


async def pressed(phone: Page, userid: str, kind: str) -> None:
    """Sign as this person on the CA's app."""
    row = phone.locator("li", has=phone.locator(f"input[value={userid}]"))
    await row.get_by_role("button", name=kind).click()
    await phone.get_by_text("已签名").wait_for()
