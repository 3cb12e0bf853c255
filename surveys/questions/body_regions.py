"""The regions of the body map: code, words, and the shape that is drawn (our own outline, front and back, 200 × 420).

Left and right are the person's own, so on the front the left stands on the right of the picture.
"""

from typing import NamedTuple


class Region(NamedTuple):
    """A region: `side` front or back, `shape` of SVG: ellipse(cx, cy, rx, ry) or a path."""

    code: str
    label: str
    side: str
    path: str


def _oval(x: float, y: float, wide: float, high: float) -> str:
    return f"M{x - wide} {y}a{wide} {high} 0 1 0 {2 * wide} 0a{wide} {high} 0 1 0 {-2 * wide} 0z"


def _mirrored(path: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(200 - x, y) for x, y in path]


def _drawn(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "z"


# The limbs of the picture's left half; the right half is their mirror.
_LIMBS: dict[str, tuple[str, list[tuple[float, float]]]] = {
    "shoulder": ("肩", [(58, 82), (76, 76), (76, 104), (52, 104)]),
    "upper_arm": ("上臂", [(52, 106), (74, 106), (68, 152), (45, 150)]),
    "forearm": ("前臂", [(45, 153), (67, 155), (57, 204), (36, 202)]),
    "hand": ("手", [(36, 205), (56, 207), (50, 240), (34, 240), (26, 224)]),
    "thigh": ("大腿", [(70, 216), (98, 216), (97, 288), (73, 288)]),
    "knee": ("膝", [(73, 290), (97, 290), (96, 316), (75, 316)]),
    "calf": ("小腿", [(75, 318), (96, 318), (93, 380), (79, 380)]),
    "foot": ("足", [(79, 382), (93, 382), (95, 406), (66, 406)]),
}
_TRUNK: dict[str, dict[str, tuple[str, str]]] = {
    "front": {
        "head": ("头面部", _oval(100, 34, 24, 29)),
        "neck": ("颈部", _drawn([(90, 63), (110, 63), (114, 76), (86, 76)])),
        "chest": ("胸部", _drawn([(78, 78), (122, 78), (124, 132), (76, 132)])),
        "abdomen": ("腹部", _drawn([(76, 134), (124, 134), (126, 186), (74, 186)])),
        "pelvis": ("下腹与会阴", _drawn([(74, 188), (126, 188), (130, 214), (70, 214)])),
    },
    "back": {
        "head": ("头后部", _oval(100, 34, 24, 29)),
        "neck": ("颈后部", _drawn([(90, 63), (110, 63), (114, 76), (86, 76)])),
        "upper_back": ("上背部", _drawn([(78, 78), (122, 78), (124, 132), (76, 132)])),
        "lower_back": ("腰部", _drawn([(76, 134), (124, 134), (126, 176), (74, 176)])),
        "buttock": ("臀部", _drawn([(74, 178), (126, 178), (130, 214), (70, 214)])),
    },
}
_BACK_WORDS = {
    "knee": "膝后",
    "calf": "小腿后",
    "thigh": "大腿后",
    "foot": "足跟",
    "hand": "手背",
    "shoulder": "肩后",
}


def _all() -> tuple[Region, ...]:
    found = []
    for side, trunk in _TRUNK.items():
        found += [Region(f"{side}_{name}", words, side, path) for name, (words, path) in trunk.items()]
        for name, (words, points) in _LIMBS.items():
            told = _BACK_WORDS.get(name, words) if side == "back" else words
            one, other = ("right", "left") if side == "front" else ("left", "right")
            for hand, path in ((one, points), (other, _mirrored(points))):
                label = f"{'左' if hand == 'left' else '右'}{told}"
                label += "（背面）" if side == "back" and name in {"upper_arm", "forearm"} else ""
                found.append(Region(f"{side}_{hand}_{name}", label, side, _drawn(path)))
    return tuple(found)


REGIONS = _all()
