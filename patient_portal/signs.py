"""Icons of the patients' pages, drawn into the page: the sheet of all icons is larger than a whole page may be."""

from functools import cache, lru_cache
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import parse
from markupsafe import Markup

from core.assets import FOLDER, AssetMissing, manifest

_SVG = "{http://www.w3.org/2000/svg}"


@cache
def _symbols() -> dict[str, Element]:
    root = parse(FOLDER / "vendor" / manifest().files["icons.svg"]).getroot()
    return {} if root is None else {str(one.get("id")): one for one in root}


@lru_cache(maxsize=1024)
def sign(name: str, *classes: str) -> Markup:
    """An inline `<svg>` of the icon `name`, in the text's colour; the same call as `core.assets.icon`.

    Raises:
        AssetMissing: the name does not stand in devtools/icons.txt.
    """
    symbol = _symbols().get(name)
    if symbol is None:
        raise AssetMissing(f"no icon {name!r}: add its name to devtools/icons.txt and run `make setup`")
    look = " ".join(
        f'{key}="{symbol.get(key)}"'
        for key in ("fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin")
        if symbol.get(key)
    )
    drawn = "".join(tostring(part, encoding="unicode") for part in symbol)
    drawn = drawn.replace(f' xmlns:ns0="{_SVG[1:-1]}"', "").replace("ns0:", "")
    return Markup(  # noqa: S704 - our own sheet
        f'<svg class="{" ".join(("icon", *classes))}" viewBox="0 0 24 24" {look} aria-hidden="true" focusable="false">{drawn}</svg>'
    )
