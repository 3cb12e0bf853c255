"""The links on which the sandbox's HIS speaks to the sample hospital, and two messages that nobody can take as they are;
made once, then kept by their administrator."""

from core import clock, db
from core.actor import system
from core.settings import settings
from patients.feeds import links, store
from patients.feeds.kinds import FhirForm, WebForm
from patients.feeds.links import LinkForm

HIS = LinkForm(
    name="沙盒 HIS", application="SANDBOX-HIS", facility="HOSP", mapping="sample_his", silent_minutes=0
)
PUSHED = WebForm(name="示例体检系统", mapping="json")
TOKEN = "sandbox-fhir"  # noqa: S105 - opens a sandbox
# What an operator meets in the first week: a ward that the HIS calls otherwise than we do, and a class
# of visit that its mapping does not know.
HELD = (
    ("ADT^A01", "H0000001", "测试庚", "19540317", "I", "心内二病区^^12^东院区"),
    ("ADT^A01", "H0000002", "示例辛", "19681105", "留观", "骨科^^07^本部"),
)
BESIDE = "/sms"  # the sandbox's FHIR server stands beside its SMS platform


async def seed() -> None:
    """Make the links that are not there yet; the one that is fetched from only where the sandbox stands in."""
    by = system("示例数据")
    names = {link.name for link in await links.all_links()}
    there = await db.fetchval("select true from feed_link where application = $1", HIS.application)
    if not there:
        link = await links.link(await links.save(None, HIS, by=by))
        for at, (kind, *said) in enumerate(HELD, start=1):
            await store.keep(link, f"HELD{at}", kind, held(at, kind, *said).encode(link.charset))
    if PUSHED.name not in names:
        await links.save(None, PUSHED, by=by)
    outside = settings().sms_api
    if settings().may_call_itself and outside.endswith(BESIDE):
        address = outside.removesuffix(BESIDE) + "/fhir"
        form = FhirForm(name="沙盒 FHIR 平台", mapping="fhir", address=address, secret=TOKEN, pull_minutes=5)
        if form.name not in names:
            await links.save(None, form, by=by)


def held(at: int, kind: str, number: str, name: str, born: str, sort: str, place: str) -> str:
    """A message of the sandbox's HIS of this morning."""
    stamp = f"{clock.today():%Y%m%d}0810"
    return "\r".join(
        (
            f"MSH|^~\\&|{HIS.application}|{HIS.facility}|HUIYIN|HOSP|{stamp}||{kind}|HELD{at}|P|2.4|||AL|NE||UNICODE UTF-8",
            f"EVN|A01|{stamp}",
            f"PID|1||{number}^^^HOSP^MR||{name}||{born}|F|||示范市示例区样例路 {at} 号",
            f"PV1|1|{sort}|{place}||||1001^测试医生||||||||||||ZY{number}|||||||||||||||||||||||||{stamp}",
            "",
        )
    )
