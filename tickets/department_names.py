"""What people call a department: 心内科 for 心血管内科, 脑外科 for 神经外科; general usage, no hospital's list.

Cuts a unit's name down to its speciality and finds specialities in free text. Knows nothing of wards as such:
心血管内科门诊 and 心内科一病区 are one speciality here. Never decides which unit a ticket goes to.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_GROUPS = """
心血管内科 心内科 心脏内科 心血管科 心脏科
神经内科 脑内科
呼吸内科 呼吸科 呼吸与危重症医学科
消化内科 消化科 胃肠科 肠胃科
内分泌科 内分泌内科 内分泌与代谢科 糖尿病科
肾内科 肾脏内科 肾病科 肾科
血液内科 血液科
风湿免疫科 风湿科 风湿免疫内科
肿瘤科 肿瘤内科 肿瘤中心
普外科 普通外科 胃肠外科
肝胆外科 肝胆胰外科
骨科 骨外科 创伤骨科 关节外科 脊柱外科
神经外科 脑外科
泌尿外科 泌尿科
胸外科 心胸外科
血管外科
乳腺外科 乳腺科 甲乳外科 甲状腺乳腺外科
肛肠科 肛肠外科
整形外科 整形美容科 烧伤科 烧伤整形科
妇科
产科
妇产科
生殖医学科 生殖中心 生殖医学中心
儿科 小儿科 儿内科
新生儿科
眼科
耳鼻喉科 耳鼻咽喉科 耳鼻咽喉头颈外科 五官科
口腔科 牙科 口腔颌面外科
皮肤科 皮肤性病科
感染科 感染性疾病科 传染科 肝病科
精神科 精神心理科 心理科 临床心理科
中医科 中医内科
针灸科 推拿科 针灸推拿科
康复科 康复医学科
疼痛科
老年医学科 老年病科 老年科
全科医学科 全科
急诊科 急诊 急诊医学科 急诊室
重症医学科 重症监护室 ICU
放射科 影像科 医学影像科 CT室 核磁室
超声科 超声医学科 B超室 彩超室
核医学科
内镜中心 内镜室 胃镜室 胃肠镜室
检验科 化验室 医学检验科
病理科
输血科
麻醉科 麻醉手术科
手术室
介入科
营养科
药剂科 药房 药学部 门诊药房 西药房 中药房
体检中心 体检科 健康管理中心
发热门诊
收费处 收费室 挂号处 挂号收费处
内科
外科
"""
_SUFFIX = re.compile(
    r"(?:\(.*?\)|[东西南北中总分]院(?:区)?|[第]?[一二三四五六七八九十0-9]+(?:病区|区|病房|护理单元|诊区|诊室|组|科)"
    r"|病区|病房|护理单元|诊区|诊室|门诊部|门诊|专科)$"
)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).upper()


_CANONICAL = {name: names[0] for names in map(str.split, _plain(_GROUPS).splitlines()) for name in names}


@lru_cache(maxsize=4096)
def speciality(name: str) -> str:
    """The speciality a unit's name stands for: 心内科一病区 → 心血管内科; an unknown name is cut only."""
    stem = _plain(name).strip()
    while stem not in _CANONICAL:
        shorter = _SUFFIX.sub("", stem)
        if shorter in {stem, ""}:
            return _CANONICAL.get(f"{stem}科", stem)
        stem = shorter
    return _CANONICAL[stem]


def mentioned(text: str, names: Iterable[str] = ()) -> dict[str, str]:
    """The specialities a text speaks of, with the words it uses: {"心血管内科": "心内科"}, in order.

    `names` are unit names to look for beside the common ones. The longest name at a place is taken, so that
    心内科 is not also read as 内科.
    """
    own = {_plain(name).strip(): speciality(name) for name in names}
    words = _CANONICAL | {word: name for word, name in own.items() if len(word) >= 2} | _stems(own.values())
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    found: dict[str, str] = {}
    for match in re.finditer(pattern, _plain(text)):
        found.setdefault(words[match[0]], match[0])
    return found


def _stems(specialities: Iterable[str]) -> dict[str, str]:
    return {name: name for name in specialities if len(name) >= 2}
