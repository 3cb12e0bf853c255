"""What a browser calls itself, in words a person knows: "Chrome · Windows". Values in, values out; proves nothing."""

# The first that is found counts: every browser also names those it is made from.
_BROWSERS = (
    ("wxwork", "企业微信"),
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("360", "360 浏览器"),
    ("QQBrowser", "QQ 浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙手机"),
    ("Android", "安卓手机"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """The browser and the system of a User-Agent header; its beginning where neither is known."""
    found = [
        next((label for mark, label in marks if mark.lower() in agent.lower()), "")
        for marks in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(filter(None, found)) or agent[:40] or "未知设备"


def is_phone(agent: str) -> bool:
    """Whether it is carried about."""
    return any(mark in agent for mark in ("Mobile", "Android", "iPhone", "iPad", "HarmonyOS"))


def same_family(kept: str, now: str) -> bool:
    """Whether two headers are of the same browser on the same system, whatever their versions.

    What is none of the known browsers when it signs in (a program of the hospital) is bound to nothing.
    """
    if not any(mark.lower() in kept.lower() for mark, _ in (*_BROWSERS, *_SYSTEMS)):
        return True
    return device(kept) == device(now)
