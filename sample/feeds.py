"""The links on which the sandbox's HIS speaks to the sample hospital; made once, then kept by their administrator."""

from core import db
from core.actor import system
from core.settings import settings
from patients.feeds import links
from patients.feeds.kinds import FhirForm, WebForm
from patients.feeds.links import LinkForm

HIS = LinkForm(
    name="沙盒 HIS", application="SANDBOX-HIS", facility="HOSP", mapping="sample_his", silent_minutes=0
)
PUSHED = WebForm(name="示例体检系统", mapping="json")
TOKEN = "sandbox-fhir"  # noqa: S105 - opens a sandbox
BESIDE = "/sms"  # the sandbox's FHIR server stands beside its SMS platform


async def seed() -> None:
    """Make the links that are not there yet; the one that is fetched from only where the sandbox stands in."""
    by = system("示例数据")
    names = {link.name for link in await links.all_links()}
    there = await db.fetchval("select true from feed_link where application = $1", HIS.application)
    if not there:
        await links.save(None, HIS, by=by)
    if PUSHED.name not in names:
        await links.save(None, PUSHED, by=by)
    outside = settings().sms_api
    if settings().may_call_itself and outside.endswith(BESIDE):
        address = outside.removesuffix(BESIDE) + "/fhir"
        form = FhirForm(name="沙盒 FHIR 平台", mapping="fhir", address=address, secret=TOKEN, pull_minutes=5)
        if form.name not in names:
            await links.save(None, form, by=by)
