"""What the page 安全自查 says: each setting and each habit that an assessor asks about, as it is at this moment.

Reads only, and shows no secret: of a key it says whether it is a known or a weak one. The limits here are those of
GB/T 22239-2019 8.1.4; what the hospital's own network does it cannot see, and says so.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from redis.exceptions import RedisError

from core import audit_keeping, audit_stalling, bell, clock, db, quarantine, rotation
from core.audit_keeping import KEEP_DAYS
from core.parameters import number, value
from core.settings import settings
from integrations import clamav
from staff.holding import holds
from staff.login import lock, passwords, second
from staff.roles import APART, LABELS
from staff.sessions import IDLE_MINUTES

GOOD, SOON, LATE, KNOW = "good", "soon", "late", "wait"
WORDS = {GOOD: "正常", SOON: "建议处理", LATE: "需要处理", KNOW: "请知悉"}
UNUSED = timedelta(days=90)
VERIFIED = timedelta(days=2)
ROTATED = timedelta(days=365)
_KNOWN_KEYS = frozenset({bytes(range(32)), bytes(32), b"0" * 32})  # those of examples and tests
_GUESSED = ("secret", "change", "example", "test", "huiyin", "password", "sample", "123456")


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it is (a tone), in words, and what to do ("" when nothing)."""

    label: str
    tone: str
    told: str
    todo: str = ""
    path: str = ""

    @property
    def mark(self) -> str:
        """ "需要处理"."""
        return WORDS[self.tone]


@dataclass(frozen=True, slots=True)
class Area:
    """Checks that belong together; `law` is where they are asked for."""

    title: str
    law: str
    checks: tuple[Check, ...]


async def areas() -> tuple[Area, ...]:
    """Everything, in the order in which an assessor asks."""
    return tuple([Area(title, law, tuple(await look())) for title, law, look in _AREAS])


def _ok(
    label: str, good: bool, told: str, wrong: str, todo: str, *, tone: str = LATE, path: str = ""
) -> Check:
    return Check(label, GOOD, told) if good else Check(label, tone, wrong, todo, path)


async def _transport() -> list[Check]:
    using = settings()
    weak = any(
        len(set(key)) < 12 or any(word in key.lower() for word in _GUESSED)
        for key in (*using.signing_keys, using.hash_key)
    )
    known = any(_raw(part) in _KNOWN_KEYS for part in using.encryption_keys.get_secret_value().split(","))
    return [
        _ok("访问地址加密", using.secure, "https，会话只在本机名下有效（__Host-）", "访问地址不是 https，账号和内容会明文经过网络",
            "在前置代理配置证书，并把 HUIYIN_PUBLIC_URL 改为 https://"),
        _ok("运行环境", using.environment == "production", "正式环境", "以示例或测试方式运行", "正式使用时设 HUIYIN_ENVIRONMENT=production", tone=SOON),
        _ok("签名密钥", not weak, "长度和随机性合格", "密钥像是示例或随手写的", "换成随机生成的 40 位以上字符串，做法见 docs/operations.md“Changing the secret key”"),
        _ok("加密密钥", not known, "不是已公开的示例密钥", "正在使用示例中公开的加密密钥", "生成新密钥放在最前，再运行 manage.py keys --rotate"),
        await _rotation(),
    ]  # fmt: skip


def _raw(part: str) -> bytes:
    try:
        return base64.b64decode(part.partition(":")[2].strip())
    except ValueError:
        return b""


async def _rotation() -> Check:
    left = sum(one.old for one in await rotation.standing())
    at = await db.fetchval("select max(done_at) from job where kind = $1 and state = 'done'", rotation.KIND)
    algorithm = {"aes-256-gcm": "AES-256-GCM", "sm4-gcm": "SM4-GCM"}[settings().encryption_algorithm]
    if left:
        return Check(
            "密钥轮换",
            SOON,
            f"还有 {left} 个值用的是旧密钥（现用 {algorithm}）",
            "运行 manage.py keys --rotate",
        )
    last = f"上次轮换 {clock.local(at):%Y-%m-%d}" if at else "还没有轮换过"
    return Check("密钥轮换", GOOD, f"敏感字段全部用现用密钥加密（{algorithm}），{last}")


async def _accounts() -> list[Check]:
    now = clock.now()
    required = str(await value(second.REQUIRED))
    row = await db.fetchrow(
        "select count(*) filter (where p.roles && $1 and s.totp_secret is null) as bare,"  # noqa: S608
        " count(*) filter (where s.password_hash <> '' and (s.must_change or s.password_set_at is null)) as given,"
        " count(*) filter (where s.password_hash <> '' and s.password_set_at < $2) as old,"
        " count(*) filter (where s.password_hash <> '' and s.created_at < $3 and not exists"
        "   (select 1 from session e where e.staff_id = s.id and e.seen_at > $3)) as unused,"
        " count(*) filter (where cardinality(array(select unnest(p.roles) intersect select unnest($1))) > 1) as mixed"
        " from staff s left join lateral (select array_agg(distinct h.role) as roles from post h"
        f" where h.staff_id = s.id and {holds('h')}) p on true"
        " where s.active",
        [str(role) for role in sorted(APART)],
        now - timedelta(days=await number(passwords.DAYS)),
        now - UNUSED,
    )
    assert row is not None  # noqa: S101 - an aggregate without groups has one row
    people = "/settings/staff"
    days, idle = await number(passwords.DAYS), await number(IDLE_MINUTES)
    return [
        _ok("两步验证的要求", required != "off", {"all": "全体人员", "administrators": "管理、审计与纪检人员"}.get(required, required),
            "没有要求任何人启用两步验证", "在系统参数中把“必须启用两步验证的人员”改为管理人员或全体", path="/settings/parameters"),
        _ok("管理员的两步验证", not row["bare"], "三类管理员都已启用", f"{row['bare']} 位管理员还没有启用", "请本人登录后启用", path=people),
        await _three(row["mixed"]),
        _ok("初始密码", not row["given"], "没有人还在用别人设的密码", f"{row['given']} 个账号还在用初始密码，登录后须先修改", "提醒本人登录修改，长期不用的停用", tone=SOON, path=people),
        _ok("密码期限", not row["old"], f"都在 {days} 天内更换过", f"{row['old']} 个账号的密码超过 {days} 天，登录时须先修改", "", tone=KNOW),
        _ok("长期不用的账号", not row["unused"], "90 天内都有人登录", f"{row['unused']} 个账号 90 天没有登录过", "核实后停用（GB/T 22239-2019 8.1.4.2 c）", tone=SOON, path=people),
        Check("锁定与超时", GOOD, f"连续失败 {await number(lock.PER_ACCOUNT)} 次锁定 {await number(lock.WINDOW_MINUTES)} 分钟，{idle} 分钟无操作自动退出"),
    ]  # fmt: skip


async def _three(mixed: int) -> Check:
    held = {
        row["role"]
        for row in await db.fetch(
            f"select distinct role from post p join staff s on s.id = p.staff_id and s.active where {holds()}"  # noqa: S608
        )
    }
    missing = [LABELS[role] for role in sorted(APART) if str(role) not in held]
    if mixed:
        return Check("三员分立", LATE, f"{mixed} 人同时担任两种管理员", "分给不同的人", "/settings/staff")
    if missing:
        return Check(
            "三员分立", LATE, f"还没有人担任：{'、'.join(missing)}", "在人员与岗位中指定", "/settings/staff"
        )
    return Check("三员分立", GOOD, "系统、安全、审计三类管理员由不同的人担任")


async def _files() -> list[Check]:
    now = await quarantine.standing()
    if not now.configured:
        scan = Check(
            "病毒扫描",
            LATE,
            "没有配置，上传的文件不经病毒检查",
            "安装 ClamAV 并设 HUIYIN_CLAMAV_ADDRESS=主机:3310",
        )
    else:
        try:
            scan = Check("病毒扫描", GOOD, f"已接入 {await clamav.version()}")
        except quarantine.ScannerAway as away:
            scan = Check(
                "病毒扫描", LATE, f"扫描服务没有应答（{away}），新文件都在等待", "检查 clamd 是否运行"
            )
    checks = [scan]
    if now.waiting and now.since is not None:
        checks.append(
            Check("等待检查的文件", SOON, f"{now.waiting} 个，最早 {clock.local(now.since):%m-%d %H:%M}")
        )
    checks.append(
        _ok("被隔离的文件", not now.found, "没有", f"{now.found} 个，已隔离，任何人都打不开", "在审计日志中按“file.infected”查来源", tone=KNOW, path="/audit")
    )  # fmt: skip
    checks.append(
        Check("上传检查", GOOD, "按内容识别类型；宏、脚本、外链、内嵌对象、双扩展名不收；照片去掉拍摄地点")
    )
    return checks


async def _audit() -> list[Check]:
    last = next(iter(await audit_keeping.latest(1, audit_keeping.CHAIN)), None)
    days = await number(KEEP_DAYS)
    changes = bool(await db.fetchval("select has_table_privilege(current_user, 'audit', 'DELETE')"))
    if last is None or last.ended_at is None:
        chain = Check(
            "审计日志校验",
            SOON,
            "还没有校验过",
            "每晚运行 manage.py audit verify，或由审计员在页面上校验",
            "/audit",
        )
    elif last.broken:
        chain = Check("审计日志校验", LATE, f"{last.broken}", "立即保全数据库并报告审计员", "/audit")
    else:
        fresh = clock.now() - last.ended_at < VERIFIED
        told = f"{clock.local(last.ended_at):%Y-%m-%d %H:%M} 校验完好，{last.lines} 行"
        chain = Check("审计日志校验", GOOD if fresh else SOON, told, "" if fresh else "超过两天没有校验")
    unsealed = await audit_stalling.late_since()
    return [
        chain,
        _ok("审计日志封印", unsealed is None, "随写随封，没有积压", f"{clock.local(unsealed):%Y-%m-%d %H:%M} 起的记录没有封印" if unsealed else "",
            "检查后台进程和数据库，恢复后自动补封"),
        Check("审计日志留存", GOOD, f"在线 {days} 天，到期按月归档，归档不删除"),
        _ok("审计日志的数据库权限", not changes, "本程序的数据库账号不能修改和删除审计日志", "本程序用的是数据库属主账号，能改审计日志",
            "按 docs/operations.md 建两个数据库账号，运行 manage.py audit rights", tone=SOON),
    ]  # fmt: skip


async def _doors() -> list[Check]:
    using = settings()
    bases = {
        "企业微信": using.wecom_api,
        "公众号": using.wechat_api,
        "短信": using.sms_api,
        "12345 平台": using.hotline_api,
        "心跳": using.heartbeat_url,
    }
    plain = [name for name, url in bases.items() if url.startswith("http://")]
    short = [
        name
        for name, secret in (("12345 平台", using.hotline_secret), ("患者端", using.portal_secret))
        if 0 < len(secret.get_secret_value()) < 20
    ]
    try:
        await bell.client().ping()
        shared = True
    except (RedisError, OSError, TimeoutError, RuntimeError):
        shared = False
    return [
        _ok("外部系统的地址", not plain, "全部用 https", f"没有加密：{'、'.join(plain)}", "内网可以接受，跨网须改为 https", tone=KNOW),
        _ok("接口签名密钥", not short, "长度合格或未开放", f"短于 20 位：{'、'.join(short)}", "与对方一起更换"),
        _ok("可以访问的网段", not using.may_call_itself, "本机、链路本地和云主机元数据地址一律不访问", "允许访问本机（示例与测试用）",
            "正式环境不要设 HUIYIN_OUTWARD_LOOPBACK", tone=SOON),
        _ok("频率限制", shared, "各进程合并计数", "缓存服务没有应答，各进程分别计数", "检查 Redis", tone=SOON),
    ]  # fmt: skip


_AREAS: tuple[tuple[str, str, Callable[[], Awaitable[list[Check]]]], ...] = (
    ("传输与密钥", "8.1.4.7 数据完整性、8.1.4.8 数据保密性", _transport),
    ("账号与登录", "8.1.4.1 身份鉴别、8.1.4.2 访问控制", _accounts),
    ("文件", "8.1.4.5 恶意代码防范", _files),
    ("审计", "8.1.4.3 安全审计；《网络安全法》第二十三条", _audit),
    ("外联与接口", "8.1.4.4 入侵防范", _doors),
)
