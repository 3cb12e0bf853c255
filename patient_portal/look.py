"""How a patient's pages look to whoever opens them: language, large letters, on which kind of screen. Kept in cookies.

Large letters are a mode of their own by the ministry's rules for elderly users (工信部互联网网站适老化通用设计规范 2021):
text of 18 dp and more, targets of 60 × 60. A kiosk always has it. Trusts no cookie with more than the look.
"""

from dataclasses import dataclass

from aiohttp import web

from core.settings import settings
from patient_portal.words import Language

LANGUAGE, LETTERS, SCREEN = "huiyin_language", "huiyin_letters", "huiyin_screen"
YEAR = 31_536_000
SCREENS = ("kiosk", "bedside")
_LANGUAGES = {language.value: language for language in Language}


@dataclass(frozen=True, slots=True)
class Look:
    """`screen` is "" (one's own phone or computer), "kiosk" or "bedside"."""

    language: Language = Language.CHINESE
    big: bool = False
    screen: str = ""

    @property
    def kiosk(self) -> bool:
        """Whether it is a screen of the hospital: nothing may stay behind there."""
        return bool(self.screen)


def look(request: web.Request) -> Look:
    """The look this browser asked for; on a first visit by its own language, small letters."""
    screen = request.cookies.get(SCREEN, "")
    screen = screen if screen in SCREENS else ""
    kept = request.cookies.get(LANGUAGE, "")
    language = _LANGUAGES.get(kept) or _first(request.headers.get("Accept-Language", ""))
    return Look(language, bool(screen) or request.cookies.get(LETTERS) == "big", screen)


def _first(accepted: str) -> Language:
    """English only where it is asked for before any Chinese."""
    for part in accepted.lower().split(","):
        name = part.split(";")[0].strip()
        if name.startswith("zh"):
            return Language.CHINESE
        if name.startswith("en"):
            return Language.ENGLISH
    return Language.CHINESE


def keep(response: web.StreamResponse, name: str, value: str, *, seconds: int | None = YEAR) -> None:
    """Give the browser a cookie of the patients' side; without seconds it ends with the browser."""
    response.set_cookie(
        name,
        value,
        path=settings().path_prefix or "/",
        max_age=seconds,
        httponly=True,
        samesite="Lax",
        secure=settings().secure,
    )


def forget(response: web.StreamResponse, name: str) -> None:
    """Take a cookie away."""
    response.del_cookie(name, path=settings().path_prefix or "/")
