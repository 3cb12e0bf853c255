"""What an order's text says of the visit it is about: names, days, departments, sorts of visit, numbers.

Pattern reading, no learning: every clue can be pointed at in the text. It proposes nothing and looks nothing up;
`tickets.matching` weighs the clues against visits.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.identity import find_ids, find_phones
from patients.rows import VisitKind
from tickets.department_names import mentioned, speciality
from tickets.spoken_dates import dates_in

# The commoner part of the traditional list of family names, less those that usually begin another word;
# 测 marks sample persons.
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦昌马苗"
    "凤花俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安乐于傅皮卞齐康伍余顾孟黄穆萧尹姚邵湛汪祁毛禹狄米贝"
    "臧计伏戴谈宋庞熊纪舒屈项祝董梁杜阮蓝闵席季麻贾江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍虞万柯卢莫房丁邓"
    "洪包诸左石崔龚程邢裴陆荣翁荀甄曲储靳焦山谷侯班秋仲伊宁仇栾甘戎祖武符刘景詹龙叶黎白蒲卓蔺屠蒙池乔翟谭"
    "姬申冉雍桑桂牛边燕冀尚温庄晏柴瞿阎慕习艾鱼古廖耿匡文寇欧师聂曾辛简饶丰关游盖肖付闫涂测"
)
_COMPOUND = "(?:欧阳|司马|上官|诸葛|东方|皇甫|公孙|慕容|司徒|令狐|夏侯|端木)"
_TITLE = r"(?:先生|女士|小姐|某某?|同志|阿姨|大爷|大妈|老人|婆婆|伯伯)"
_NAME_ENDS = (
    r"(?=$|[^\u4e00-\u9fff]|[于在因到去称说来表反的是和及与住入出经被从向对昨今前上本先同已做挂看拿手联男女"
    r"将未至就曾患其随按要需无没不让带陪给预电等发投打])"
)
_NAME = rf"((?:{_COMPOUND}|[{_SURNAMES}])[\u4e00-\u9fff]{{1,2}}?){_NAME_ENDS}"
_KIN = (
    "父亲|母亲|爸爸|妈妈|爷爷|奶奶|外公|外婆|公公|婆婆|岳父|岳母|儿子|女儿|小孩|孩子|宝宝|丈夫|妻子|老公|老婆|爱人|"
    "哥哥|姐姐|弟弟|妹妹|家人|亲属|亲戚"
)
_LINK = r"(?:的?(?:姓名|名字|名))?(?:叫|为|是)?[:\s]*[“\"(]?"
_PATIENT = re.compile(rf"(?:患者|病人|患儿|产妇|孕妇|逝者|死者|就诊人|就诊者|{_KIN}){_LINK}{_NAME}")
_SELF = re.compile(rf"(?:我叫|本人|我是|名叫|姓名|来电人|市民|投诉人|反映人|群众){_LINK}{_NAME}")
_TITLED = re.compile(rf"((?:{_COMPOUND}|[{_SURNAMES}])){_TITLE}")
_KIN_CARE = re.compile(rf"(?:我|其|他|她|的|人|民|士|生|带|陪|给|为|替)(?:的|家)?({_KIN})")
_NOT_A_NAME = re.compile(
    rf"{_TITLE}$|[日天月年周晚早午号诊科们]|医院|医生|护士|窗口|多次|以为|发现|觉得|认为|希望|要求|已经|家属"
)
_NUMBER = re.compile(
    r"(?:住院号|门诊号|病案号|病历号|就诊号|就诊卡号?|登记号|患者编号|诊疗卡号?|ID号?)(?:码)?[:为是\s]*([A-Z0-9]{4,20})",
    re.IGNORECASE,
)
_KIND_WORDS = {
    VisitKind.INPATIENT: re.compile(r"住院|病房|病区|入院|出院|病床|床位|管床|陪护|手术后"),
    VisitKind.EMERGENCY: re.compile(r"急诊|抢救|救护车|(?<![0-9])120(?![0-9])"),
    VisitKind.EXAM: re.compile(r"体检"),
    VisitKind.OUTPATIENT: re.compile(r"门诊|挂号|挂了|候诊|预约号|看诊|复诊|就诊卡"),
}


@dataclass(frozen=True, slots=True)
class Clues:
    """What was read. `patients` are names said to be the patient's, `selves` the speaker's own;

    `surnames` come with a title (张女士); `relative` is the kin the matter is about, "" when none is named;
    `departments` are those of the given names that are spoken of; `specialities` maps each speciality to the
    words used for it.
    """

    patients: tuple[str, ...] = ()
    selves: tuple[str, ...] = ()
    surnames: tuple[str, ...] = ()
    relative: str = ""
    dates: tuple[date, ...] = ()
    departments: tuple[str, ...] = ()
    specialities: tuple[tuple[str, str], ...] = ()
    kinds: tuple[VisitKind, ...] = ()
    phones: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All full names, the patient's first: what to look visits up by."""
        return tuple(dict.fromkeys((*self.patients, *self.selves)))


def extract(text: str, today: date, departments: Sequence[str] = ()) -> Clues:
    """Read `text` as of `today`; `departments` are the unit names to look for (aliases welcome)."""
    plain = unicodedata.normalize("NFKC", text)
    spoken = mentioned(plain, departments)
    kin = _KIN_CARE.search(plain)
    return Clues(
        patients=_names(_PATIENT, plain),
        selves=_names(_SELF, plain),
        surnames=tuple(dict.fromkeys(found[1] for found in _TITLED.finditer(plain))),
        relative=kin[1] if kin else "",
        dates=dates_in(plain, today),
        departments=tuple(name for name in dict.fromkeys(departments) if speciality(name) in spoken),
        specialities=tuple(spoken.items()),
        kinds=tuple(kind for kind, words in _KIND_WORDS.items() if words.search(plain)),
        phones=find_phones(plain),
        ids=find_ids(plain),
        numbers=tuple(dict.fromkeys(found[1].upper() for found in _NUMBER.finditer(plain))),
    )


def _names(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    names = dict.fromkeys(found[1] for found in pattern.finditer(text))
    return tuple(name for name in names if not _NOT_A_NAME.search(name))
