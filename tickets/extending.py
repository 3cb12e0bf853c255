"""Whether more time may be asked of the platform an order came from; asks nobody and changes nothing.

12345 rules (国办发〔2020〕53号 and the cities' own; facts of the field): an extension is asked for before the
limit has passed, with a reason. One is granted in a round: its receipt is kept under (case, round, kind).
"""

from dataclasses import dataclass

from core import clock, db
from integrations import hotline
from tickets.models import Case, Clock
from tickets.sources import SOURCES

KIND = "hotline.extension"
_ASKED = """
select exists(select from upstream_receipt where case_id = $1 and round = $2 and kind = 'extension') as granted,
    (select count(*) from history where case_id = $1 and round = $2 and verb = 'extend_upstream') as times,
    exists(select from history h join job j on j.key = h.detail->>'key' and j.state in ('due', 'parked')
        where h.case_id = $1 and h.round = $2 and h.verb = 'extend_upstream') as waiting
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where asking for more time stands in the present round.

    `obstacle` is why none can be asked for now, "" when it can; `limit` is the upstream clock that would move;
    `key` names the next request, on our side and on the platform's.
    """

    obstacle: str
    limit: Clock | None
    key: str


def speaks_to_platform(case: Case) -> bool:
    """Whether the platform this case came from takes our reports."""
    return SOURCES[case.source].reports_back and bool(case.external_no) and hotline.configured()


async def standing(case: Case) -> Standing:
    """Look it up; whoever acts upon it holds the lock of the case."""
    limit = await Clock.get_or_none(
        case_id=case.id, ticket_id=None, round=case.round, kind="upstream", state="running"
    )
    asked = await db.fetchrow(_ASKED, case.id, case.round)
    times = asked["times"] if asked else 0
    key = f"extension:{case.id}:{case.round}:{times + 1}"
    if asked is not None and asked["granted"]:
        return Standing("本轮办理已获准延期一次，不能再次申请", limit, key)
    if asked is not None and asked["waiting"]:
        return Standing("延期申请已提交，正在等待热线平台答复", limit, key)
    return Standing(_obstacle(case, limit), limit, key)


def _obstacle(case: Case, limit: Clock | None) -> str:
    if not SOURCES[case.source].reports_back or not case.external_no:
        return "这件诉求不是上级平台转来的，没有可以申请延期的平台"
    if not hotline.configured():
        return "热线平台接口尚未配置，请在热线平台上申请，获准后按新时限更新工单"
    if limit is None:
        return "没有正在计时的上级时限，不需要申请延期"
    if clock.now() >= limit.due_at:
        return "已超过上级时限，不能再申请延期；延期须在期满之前提出"
    return ""
