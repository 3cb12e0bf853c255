"""A picture of four digits, and the same spoken, asked for after failed log-ins; large and calm enough to be read.

Digits alone, because elderly staff and screen readers take them best; against machines the lock counts more than
the picture does. One answer per picture, right or wrong. Locks nobody.
"""

import hashlib
import io
import math
import random
import secrets
import wave
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core import clock, db
from core.errors import Fault, Invalid, NotFound
from core.networks import counted
from core.parameters import Parameter, declare, number
from staff.login import crowd, lock

DIGITS = 4
LIVES = crowd.WINDOW
WIDTH, HEIGHT = 528, 192  # shown at half of it, so that it is sharp on every screen
VOICES = Path(__file__).resolve().parent / "voices"
RATE = 8000
FIELD, TOKEN = "captcha", "captcha_token"

AFTER = declare(
    Parameter(
        "login.captcha_after",
        "失败几次后要求图形验证码",
        int,
        2,
        low=0,
        high=10,
        unit="次",
        source=lock.SOURCE,
        what="0 为每次登录都要求",
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A captcha to be shown: its token goes into the form and into the addresses of picture and sound."""

    token: str


async def needed(name: str, address: str) -> bool:
    """Whether the next log-in under `name` or from `address` must bring a captcha."""
    return await lock.failures(name, address) >= await number(AFTER)


async def ask(address: str = "") -> Asked:
    """A new one for somebody at `address` ("" when not known).

    Raises:
        TooMany: this address has asked for very many.
    """
    token, now, address = secrets.token_urlsafe(18), clock.now(), counted(address)
    answer = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    async with db.transaction():
        await crowd.join(f"captcha {address}")
        asked = await db.fetchval(
            "select count(*) from captcha where address = $1 and expires_at > $2", address, now
        )
        await crowd.bear(asked)
        await db.execute(
            "insert into captcha (token_hash, answer, expires_at, address) values ($1, $2, $3, $4)",
            _digest(token),
            answer,
            now + LIVES,
            address,
        )
    return Asked(token)


async def check(token: str, answer: str) -> None:
    """Use a captcha up.

    Raises:
        Invalid: wrong, used or expired (field "captcha").
    """
    wanted = await db.fetchval(
        "update captcha set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2"
        " returning answer",
        _digest(token),
        clock.now(),
    )
    if wanted is None or not secrets.compare_digest(wanted.encode(), _plain(answer).encode()):
        words = "请输入图中的 4 位数字" if not answer.strip() else "图形验证码不正确，已换一张"
        raise Invalid(words, details=[Fault(field=FIELD, label="图形验证码", reason=words)])


def _plain(answer: str) -> str:
    """Full-width digits are digits."""
    return "".join(str(int(sign)) for sign in answer if sign.isdecimal())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _answer(token: str) -> str:
    answer: str | None = await db.fetchval(
        "select answer from captcha where token_hash = $1 and used_at is null and expires_at > $2",
        _digest(token),
        clock.now(),
    )
    if answer is None:
        raise NotFound("验证码已过期，请刷新")
    return answer


async def picture(token: str) -> bytes:
    """The picture as PNG, 528 × 192.

    Raises:
        NotFound: used, expired or never asked.
    """
    return _draw(await _answer(token))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _draw(answer: str) -> bytes:
    """Large dark digits, each a little turned, on a light ground with two lines behind them."""
    chance = random.Random(secrets.randbits(64))
    image = Image.new("RGB", (WIDTH, HEIGHT), (246, 248, 251))
    ground = ImageDraw.Draw(image)
    for _ in range(2):
        shift, high = chance.uniform(0, math.tau), chance.randint(18, 38)
        points = [(x, HEIGHT / 2 + high * math.sin(x / 66 + shift)) for x in range(0, WIDTH, 6)]
        ground.line(points, fill=(176, 190, 206), width=6)
    for at, digit in enumerate(answer):
        tile = Image.new("RGBA", (140, HEIGHT), (0, 0, 0, 0))
        shade = chance.randint(20, 60)
        ImageDraw.Draw(tile).text(
            (70, HEIGHT / 2),
            digit,
            font=_font(chance.randint(126, 140)),
            fill=(shade, shade + 20, shade + 50),
            anchor="mm",
        )
        turned = tile.rotate(chance.uniform(-14, 14), resample=Image.Resampling.BICUBIC)
        image.paste(turned, (14 + at * 120 + chance.randint(-6, 6), chance.randint(-12, 12)), turned)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


async def sound(token: str) -> bytes:
    """The digits spoken in Mandarin, as WAV (8 kHz, 8 bit, one channel).

    Raises:
        NotFound: used, expired or never asked.
    """
    quiet = bytes([128])
    frames = quiet * (RATE // 4)
    for digit in await _answer(token):
        frames += _spoken(digit) + quiet * secrets.choice((RATE // 4, RATE // 3, RATE // 2))
    out = io.BytesIO()
    with wave.open(out, "wb") as sheet:
        sheet.setnchannels(1)
        sheet.setsampwidth(1)
        sheet.setframerate(RATE)
        sheet.writeframes(frames)
    return out.getvalue()


@cache
def _spoken(digit: str) -> bytes:
    with wave.open(str(VOICES / f"{digit}.wav"), "rb") as voice:
        return voice.readframes(voice.getnframes())


async def tidy() -> int:
    """Forget captchas and half-done log-ins that are over; how many."""
    over = clock.now() - timedelta(hours=1)
    return await db.execute("delete from captcha where expires_at < $1", over) + await db.execute(
        "delete from login_pending where expires_at < $1", over
    )
