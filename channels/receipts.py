"""Receipts as the platforms push them: handlers of stored inbound messages (`core.inbound`), wired in wiring.py.

A receipt about a message nobody here knows is kept for a week and then forgotten; it is no fault.
"""

from channels import outcome
from core.inbound import Inbound
from integrations.sms import read_reports
from integrations.wecom_crypto import WecomCallback


async def take_sms_receipts(inbound: Inbound) -> None:
    """Inbound source "sms.receipts": the body is an array of SmsReport.

    Raises:
        Invalid: it is not.
    """
    for report in read_reports(inbound.body):
        if report.biz_id:
            await outcome.receipt("sms", report.biz_id, delivered=report.success, code=report.err_code)


async def take_template_result(callback: WecomCallback) -> bool:
    """A decrypted event of the service account; True when it was `TEMPLATESENDJOBFINISH` and is dealt with."""
    if callback.event != "TEMPLATESENDJOBFINISH" or not callback.msg_id:
        return False
    good = callback.status == "success"
    await outcome.receipt("wechat", callback.msg_id, delivered=good, code=callback.status[:100])
    return True
