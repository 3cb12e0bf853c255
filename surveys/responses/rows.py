"""A response as a row: states, channels, what is read of it; decides nothing about who may see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from core import db
from core.crypto import key_ring
from core.errors import NotFound

PRIVATE = "response.private"
EDIT_PRIVATE = "response_edit.private"
COLUMNS = (
    "r.id, r.questionnaire_id, r.version_id, r.ask_id, r.entrance_id, r.patient_id, r.visit_id, r.visit_kind,"
    " r.campus_id, r.unit_id, r.ward_id, r.doctor, r.state, r.channel, r.language, r.answers, r.private, r.dropped,"
    " r.times, r.marks, r.active_ms, r.flags, r.device_hash, r.filled_by_id, r.revision, r.started_at, r.saved_at,"
    " r.completed_at"
)


class State(StrEnum):
    """How far a response is."""

    DRAFT = "draft"
    COMPLETED = "completed"
    VOID = "void"


class Channel(StrEnum):
    """By which way the answers came."""

    WECHAT = "wechat"
    SMS = "sms"
    WEB = "web"
    QR = "qr"
    KIOSK = "kiosk"
    BEDSIDE = "bedside"
    PHONE = "phone"
    VOICE = "voice"
    IMPORT = "import"


CHANNEL_LABELS: Mapping[str, str] = {
    Channel.WECHAT: "微信",
    Channel.SMS: "短信",
    Channel.WEB: "网站",
    Channel.QR: "二维码",
    Channel.KIOSK: "自助机",
    Channel.BEDSIDE: "床旁屏",
    Channel.PHONE: "电话",
    Channel.VOICE: "智能语音",
    Channel.IMPORT: "导入",
}


@dataclass(frozen=True, slots=True)
class Response:
    """One filling-in. `answers` hold everything that was answered, personal answers too; for no page as they stand."""

    id: UUID
    questionnaire_id: int
    version_id: int
    ask_id: int | None
    entrance_id: int | None
    patient_id: int | None
    visit_id: int | None
    visit_kind: str
    campus_id: int | None
    unit_id: int | None
    ward_id: int | None
    doctor: str
    state: State
    channel: Channel
    language: str
    answers: dict[str, Any]
    dropped: tuple[str, ...]
    times: dict[str, int]
    marks: dict[str, int]
    active_ms: int
    flags: tuple[str, ...]
    device_hash: bytes | None
    filled_by_id: int | None
    revision: int
    started_at: datetime
    saved_at: datetime
    completed_at: datetime | None


def response(row: "asyncpg.Record | Mapping[str, Any]") -> Response:
    """A row of COLUMNS."""
    given = dict(row)
    sealed = given.pop("private")
    for name in ("answers", "times", "marks"):
        given[name] = orjson.loads(given[name])
    if sealed:
        given["answers"] |= orjson.loads(key_ring().decrypt(sealed, PRIVATE))
    given |= {
        "state": State(given["state"]),
        "channel": Channel(given["channel"]),
        "dropped": tuple(given["dropped"]),
        "flags": tuple(given["flags"]),
    }
    return Response(**given)


def as_json(value: object) -> str:
    """For a jsonb column."""
    return orjson.dumps(value).decode()


def sealed(answers: Mapping[str, Any], place: str = PRIVATE) -> bytes | None:
    """Personal answers as they are kept; None when there are none."""
    return key_ring().encrypt(as_json(answers), place) if answers else None


async def get(response_id: UUID) -> Response:
    """One response; asks nobody's permission.

    Raises:
        NotFound: no such response.
    """
    row = await db.fetchrow(f"select {COLUMNS} from response r where r.id = $1", response_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这份答卷")
    return response(row)
