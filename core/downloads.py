"""Files as answers: saved under their own name, or shown in place with no power to act. Asks nobody's permission."""

from urllib.parse import quote

from aiohttp import hdrs, web

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_IN_PLACE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
POWERLESS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


def disposition(name: str, *, in_place: bool) -> str:
    """Content-Disposition with a Chinese file name (RFC 6266, RFC 8187)."""
    plain = "".join(
        letter if (letter.isalnum() and letter.isascii()) or letter in ".-_" else "_" for letter in name
    )
    return f"{'inline' if in_place else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def saving(name: str, mime: str = XLSX) -> dict[str, str]:
    """The headers of a file that the browser saves and keeps no other copy of; a workbook unless `mime` says else."""
    return {
        hdrs.CONTENT_TYPE: mime,
        hdrs.CONTENT_DISPOSITION: disposition(name, in_place=False),
        hdrs.CACHE_CONTROL: "no-store",
    }


def attachment(name: str, data: bytes, mime: str = XLSX) -> web.Response:
    """A file that the browser saves."""
    return web.Response(body=data, headers=saving(name, mime))


def kept_file(name: str, data: bytes, mime: str, *, in_place: bool, cache: str = "no-store") -> web.Response:
    """A file that somebody brought: a picture may be shown in place, and nothing of it can run."""
    return web.Response(
        body=data,
        headers={
            **saving(name, mime),
            hdrs.CONTENT_DISPOSITION: disposition(name, in_place=in_place),
            hdrs.CACHE_CONTROL: cache,
            **POWERLESS,
        },
    )
