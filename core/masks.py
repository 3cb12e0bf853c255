"""How personal data is shown to those who need not read it whole; hides, and cannot be undone.

The forms are those in common use (138****5678, 110101********8888, 张*三, address to the district); for what
"masked" must achieve see GB/T 35273-2020 (display of personal information). A value too short to hide a part
of is hidden whole. Never decides who may see the whole value.
"""

import re

_COMPOUND = (
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 司徒 令狐 夏侯 长孙 宇文 司空 端木 南宫 独孤 西门 东郭 "
    "百里 呼延 闻人 澹台 公羊 公冶 宗政 濮阳 淳于 单于 太叔 申屠 轩辕 钟离 鲜于 闾丘 赫连 拓跋 第五 左丘 "
    "梁丘 东门 公良 仲孙 完颜 纳兰"
)
_COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
_PROVINCE = r"(?:[\u4e00-\u9fff]{2,8}?(?:省|自治区|特别行政区))?"
_CITY = r"(?:[\u4e00-\u9fff]{1,10}?(?:市|自治州|地区|盟))?"
_DISTRICT = r"(?:[\u4e00-\u9fff]{1,10}?(?:(?<![小社院园校街厂景库])区|县|旗|市))?"
_TO_DISTRICT = re.compile(_PROVINCE + _CITY + _DISTRICT)


def mask_phone(text: str) -> str:
    """138****5678, 020-****4567, +852****4567; seven characters or fewer are hidden whole."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{11}", text):
        return f"{text[:3]}****{text[-4:]}"
    if landline := re.fullmatch(r"(0[0-9]{2,3})-?[0-9]{3,4}([0-9]{4})(?:-[0-9]+)?", text):
        return f"{landline[1]}-****{landline[2]}"
    return f"{text[:4]}****{text[-4:]}" if len(text) >= 10 else "*" * len(text)


def mask_id(text: str) -> str:
    """110101********8888 (18), 110101*****1001 (15), H****5678 for other documents."""
    text = text.strip()
    if len(text) in {15, 18}:
        return text[:6] + "*" * (len(text) - 10) + text[-4:]
    return f"{text[0]}****{text[-4:]}" if len(text) >= 8 else "*" * len(text)


def mask_name(text: str) -> str:
    """张*, 张*三, 张**四, 欧阳*, 欧阳*娜, 买**·**, J*** S****; one character is hidden."""
    text = text.strip()
    if re.search(r"[·•.\s]|[A-Za-z]", text):
        return _mask_foreign_name(text)
    if len(text) < 2:
        return "*" * len(text)
    surname = 2 if len(text) > 2 and text[:2] in _COMPOUND_SURNAMES else 1
    given = text[surname:]
    hidden = "*" if len(given) == 1 else "*" * (len(given) - 1) + given[-1]
    return text[:surname] + hidden


def mask_address(text: str) -> str:
    """Kept to the district or county (广东省广州市天河区****), else to the city or province, else hidden."""
    found = _TO_DISTRICT.match(text.strip())
    return (found[0] if found else "") + "****" if text.strip() else ""


def _mask_foreign_name(text: str) -> str:
    """Each word of letters keeps its first letter; of a dotted name only the first part does."""
    first = True

    def hide(part: re.Match[str]) -> str:
        nonlocal first
        shown = (first or part[0].isascii()) and len(part[0]) > 1
        first = False
        return (part[0][0] if shown else "*") + "*" * (len(part[0]) - 1)

    return re.sub(r"[^·•.\s]+", hide, text)
