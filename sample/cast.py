"""Whose phones the sandbox shows: everybody bound to WeCom, and a dozen patients; values for its control API."""

from typing import NamedTuple, TypedDict

from sample.logins import LOGINS
from sample.people import Worker, workers
from sample.units import CENTRE, DEPTS, GROUP, SITES
from staff.roles import LABELS, Role


class CastPatient(NamedTuple):
    """A patient with a phone in the sandbox and a visit that an order may be about: days ago, department key."""

    openid: str
    name: str
    gender: str
    phone: str
    kind: str
    days_ago: int
    unit: str
    diagnosis: str
    following: bool = True


# The callers of the sandbox's hotline, so that the orders it sends find somebody.
PATIENTS = (
    CastPatient("o-ce-shi-01", "张测试", "女", "13800000001", "outpatient", 10, "xinnei", "心房颤动"),
    CastPatient("o-ce-shi-02", "李测试", "男", "13800000002", "emergency", 1, "jizhen", "胸痛待查"),
    CastPatient(
        "o-ce-shi-03",
        "王测试",
        "男",
        "13800000003",
        "outpatient",
        20,
        "guke",
        "膝关节骨性关节炎",
        following=False,
    ),
    CastPatient("o-ce-shi-04", "赵测试", "女", "13800000004", "inpatient", 30, "guke", "股骨颈骨折"),
    CastPatient("o-ce-shi-05", "孙测试", "女", "13800000005", "outpatient", 3, "neifenmi", "2型糖尿病"),
    CastPatient("o-ce-shi-06", "周测试", "女", "13800000006", "inpatient", 5, "bychanke", "足月顺产"),
    CastPatient(
        "o-ce-shi-07", "钱测试", "男", "13800000007", "outpatient", 2, "pifu", "湿疹", following=False
    ),
    CastPatient("o-ce-shi-08", "吴测试", "男", "13800000008", "outpatient", 4, "shenjing", "偏头痛"),
    CastPatient("o-ce-shi-09", "郑测试", "女", "13800000009", "outpatient", 7, "byerke", "生长发育迟缓"),
    CastPatient(
        "o-ce-shi-10",
        "冯测试",
        "男",
        "13800000010",
        "outpatient",
        2,
        "xiaohua",
        "慢性萎缩性胃炎",
        following=False,
    ),
    CastPatient("o-ce-shi-11", "褚测试", "女", "13800000011", "outpatient", 1, "xinnei", "高血压病3级"),
    CastPatient("o-ce-shi-12", "陈测试", "男", "13800000012", "outpatient", 60, "bjyufang", "疫苗接种咨询"),
)


class WecomUser(TypedDict):
    """One phone with WeCom."""

    userid: str
    name: str
    department: str
    title: str
    role: str
    phone: str


class WechatUser(TypedDict):
    """One phone with WeChat and SMS."""

    openid: str
    name: str
    phone: str
    following: bool


class Cast(TypedDict):
    """The body of `POST /control/cast`."""

    wecom: list[WecomUser]
    patients: list[WechatUser]


def cast() -> Cast:
    """Everybody; the people of `sample.logins` first, since those are looked for first."""
    first = {login.number: at for at, login in enumerate(LOGINS)}
    people = sorted(
        (worker for worker in workers() if worker.chats),
        key=lambda worker: first.get(worker.number, len(first)),
    )
    return {
        "wecom": [_wecom(worker) for worker in people],
        "patients": [
            {"openid": one.openid, "name": one.name, "phone": one.phone, "following": one.following}
            for one in PATIENTS
        ],
    }


def _wecom(worker: Worker) -> WecomUser:
    unit, role, _ = worker.posts[0]
    return {
        "userid": worker.number,
        "name": worker.name,
        "department": _place(unit, role),
        "title": worker.title,
        "role": LABELS[role],
        "phone": worker.phone,
    }


def _place(unit: str, role: Role) -> str:
    sites = {site.code or "benbu": site for site in SITES}
    if unit in sites:
        return sites[unit].short
    if not unit:
        return CENTRE.name if role in (Role.CENTRE_STAFF, Role.CENTRE_HEAD) else GROUP
    key, _, ward = unit.partition("/")
    dept = next(dept for dept in DEPTS if dept.key == key)
    short = dept.wards[int(ward)] if ward else dept.short or dept.name
    return f"{sites[dept.site or 'benbu'].short} {short}"
