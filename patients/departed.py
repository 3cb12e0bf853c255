"""Whether words would go to somebody who has died, or be about them: asked at the door of sending. Changes nothing.

A number outlives its owner, and a family shares one: who is called otherwise is somebody else and is told; who may be
the dead one themselves (their name, or 张先生 for one 张) is not. The WeChat account of a patient is theirs alone.
"""

from core import db
from patients.consent import Channel, May

DEAD = "患者已故"
_HONORIFICS = frozenset(
    {"先生", "女士", "小姐", "同志", "老师", "某", "某某", "*", "**", "老先生", "阿姨", "大爷"}
)


async def may_tell(
    patient_id: int,
    phone_hash: bytes | None,
    name: str,
    channel: Channel,
    *,
    about_id: int = 0,
    own: bool = False,
) -> May:
    """Whether words may go, as far as deaths are concerned.

    Args:
        patient_id: of whom they are addressed to; 0 for one who is no patient, or not known to be.
        phone_hash: of the number they go to.
        name: what the receiver is called; "" when nobody said, as when somebody asks for a code.
        channel: by which way.
        about_id: the patient they are about, where that is another; 0 for none.
        own: they belong to a matter that the receiver raised themselves; false for what the house wants of its own accord.
    """
    if about_id and not own and await _died(about_id) is not None:
        return May(ok=False, why=f"所涉{DEAD}")
    if patient_id:
        called = await _died(patient_id)
        if called is None:
            return May(ok=True)
        another = channel is not Channel.WECHAT and own and bool(name) and not could_be(name, called)
        return May(ok=another, why="" if another else DEAD)
    if phone_hash is None or not name:
        return May(ok=True)
    rows = await db.fetch(
        "select name, deceased from patient where phone_hash = $1 and merged_into is null", phone_hash
    )
    meant = [row["deceased"] for row in rows if could_be(name, row["name"])]
    return May(ok=False, why=DEAD) if meant and all(meant) else May(ok=True)


async def _died(patient_id: int) -> str | None:
    """The name of one who has died; None for the living and the unknown."""
    found: str | None = await db.fetchval(
        "select h.name from patient p join patient h on h.id = coalesce(p.merged_into, p.id)"
        " where p.id = $1 and h.deceased",
        patient_id,
    )
    return found


def could_be(called: str, name: str) -> bool:
    """Whether somebody called so may be the one of this name: 张先生 may be 张测试, 张小样 is not."""
    said, full = "".join(called.split()), "".join(name.split())
    if said == full:
        return True
    return any(  # 欧阳女士 or 张女士
        said[:surname] == full[:surname] and said[surname:] in _HONORIFICS for surname in (2, 1)
    )
