"""A hospital with a mobile CA: the sandbox on a free port, our settings for it, and what a phone does. No test here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from core import crypto, db
from core.settings import settings
from staff import entering
from staff.login import certificate
from staff.login.certificate import Purpose, Standing
from tests.integrations.outside import Outside, running
from tests.staff.cast import House

ADDRESS = "192.0.2.1"


@dataclass(frozen=True)
class Phone:
    """The mobile CA as staff hold it in their hands."""

    outside: Outside
    house: House

    async def issue(self, name: str, algorithm: str = "rsa", **more: Any) -> str:
        """A certificate of a person of the cast; its serial."""
        asked = {"userid": f"wx_{name}", "algorithm": algorithm, **more}
        return str((await self.outside.ask("ca/issue", asked))["serial"])

    async def signed(
        self, serial: str, purpose: Purpose = Purpose.LOGIN, *, staff_id: int | None = None, **more: Any
    ) -> str:
        """A challenge that this certificate has signed; the browser's token."""
        begun = await certificate.begin(purpose, address=ADDRESS, staff_id=staff_id)
        await self.outside.ask("ca/sign", {"serial": serial, **more})
        assert await certificate.standing(begun.token) is Standing.SIGNED
        return begun.token

    async def bound(self, name: str, algorithm: str = "rsa", **more: Any) -> str:
        """A certificate that is bound to its person already, as its row says; its serial."""
        serial = await self.issue(name, algorithm, **more)
        token = await self.signed(serial)
        answer = await db.fetchval(
            "select answer from ca_challenge where browser_hash = sha256($1::bytea)", token.encode()
        )
        body = orjson.loads(crypto.key_ring().decrypt(answer, certificate.SEALED))["certificate"]
        await db.execute(
            "insert into staff_certificate (staff_id, fingerprint, algorithm, holder, issuer, serial, not_after,"
            " bound_at) values ($1, sha256(decode($2, 'base64')), $3, '', '', $4, now(), now())",
            self.house.staff[name],
            body,
            algorithm,
            serial,
        )
        return serial

    async def enter(self, token: str) -> entering.SignedIn | entering.Pending:
        """Log in with a browser's token."""
        return await entering.sign_in(
            {"challenge": token}, address=ADDRESS, agent="a test", way="certificate"
        )


@asynccontextmanager
async def held(house: House, monkeypatch: pytest.MonkeyPatch, folder: Path) -> AsyncIterator[Phone]:
    """The sandbox with the cast of the house; nobody listens to its calls, so we ask it how tasks stand."""
    async with running(monkeypatch, callback_retry_seconds=()) as outside:
        async with outside.http.get(f"{outside.url}/ca/roots.pem") as answer:
            (folder / "roots.pem").write_bytes(await answer.read())
        monkeypatch.setenv("HUIYIN_CA_API", f"{outside.url}/ca")
        monkeypatch.setenv("HUIYIN_CA_SECRET", outside.config.ca_secret)
        monkeypatch.setenv("HUIYIN_CA_ROOTS", str(folder / "roots.pem"))
        monkeypatch.setenv("HUIYIN_PUBLIC_URL", "http://127.0.0.1:9")
        settings.cache_clear()
        await outside.ask(
            "cast", {"wecom": [{"userid": f"wx_{name}", "name": f"测试{name}"} for name in house.staff]}
        )
        yield Phone(outside, house)


async def lines(*named: str) -> list[tuple[str, int | None, dict[str, Any]]]:
    """Audit lines of these actions, oldest first: action, whose, detail."""
    rows = await db.fetch(
        "select action, subject_id, detail from audit where action = any($1::text[]) order by id", list(named)
    )
    return [(row["action"], row["subject_id"], orjson.loads(row["detail"])) for row in rows]
