"""Log-in by a certificate on the phone: who holds a good one comes in, whatever is wrong with one is told alike."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from core import clock, db, parameters
from core.actor import system
from core.errors import Forbidden, Invalid, NotFound, Refused, TooMany, Unauthenticated
from integrations import signing
from staff import entering
from staff.login import certificate, certificate_binding, crowd
from staff.login import certificate_revocation as revocation
from staff.login.certificate import FAILED, Purpose, Standing
from staff.login.certificate_revocation import UNREACHABLE
from tests.staff.cast import House
from tests.staff.phone import ADDRESS, Phone, held, lines

KINDS = ["rsa", "sm2"]


@pytest_asyncio.fixture
async def phone(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Phone]:
    async with held(house, monkeypatch, tmp_path) as holding:
        yield holding


async def why(phone: Phone, token: str) -> str:
    """That the log-in fails as all do, and the reason in its audit line."""
    with pytest.raises(Unauthenticated) as caught:
        await phone.enter(token)
    assert caught.value.message == FAILED
    _, whose, detail = (await lines("login.failed"))[-1]
    assert (whose, detail["way"]) == (None, "certificate")
    return str(detail["why"])


@pytest.mark.parametrize(
    ("algorithm", "method"),
    [("rsa", "rsa-pkcs1-sha256"), ("rsa", "rsa-pss-sha256"), ("sm2", "sm2-sm3")],
)
async def test_a_bound_certificate_opens_a_session(phone: Phone, algorithm: str, method: str) -> None:
    serial = await phone.bound("alice", algorithm)
    entered = await phone.enter(await phone.signed(serial, method=method))
    assert isinstance(entered, entering.SignedIn)
    assert (entered.actor.id, entered.limited) == (phone.house.staff["alice"], "")
    assert await lines("login.in", "login.revocation_unknown") == [
        ("login.in", phone.house.staff["alice"], {"way": "certificate"})
    ]


async def test_an_administrator_needs_no_code_beside_it(phone: Phone) -> None:
    await parameters.change("login.second_factor", "all", by=system())
    entered = await phone.enter(await phone.signed(await phone.bound("admin", "sm2")))
    assert isinstance(entered, entering.SignedIn)
    assert entered.limited == ""


@pytest.mark.parametrize("algorithm", KINDS)
@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({"days": 10, "began_days_ago": 20}, "expired"),
        ({"began_days_ago": -2}, "not_yet_valid"),
        ({"signs": False}, "key_usage"),
        ({"told": False}, "revocation_unknown"),
    ],
)
async def test_a_certificate_that_is_not_good_today_is_refused(
    phone: Phone, algorithm: str, made: dict[str, object], reason: str
) -> None:
    assert await why(phone, await phone.signed(await phone.bound("alice", algorithm, **made))) == reason


@pytest.mark.parametrize("algorithm", KINDS)
async def test_a_revoked_certificate_is_refused_whichever_way_it_is_told(
    phone: Phone, algorithm: str
) -> None:
    serial = await phone.bound("alice", algorithm)
    await phone.outside.ask("ca/revoke", {"serial": serial})
    assert await why(phone, await phone.signed(serial)) == "revoked"
    await phone.outside.fault("ca", f"ocsp/{algorithm}", http=503)
    assert await why(phone, await phone.signed(serial)) == "revoked"
    assert [line[2]["words"] for line in await lines("login.failed")] == ["ocsp", "crl"]


async def test_another_signature_another_ca_and_a_stranger_are_told_alike(
    phone: Phone, tmp_path: Path
) -> None:
    serial = await phone.bound("alice")
    assert await why(phone, await phone.signed(serial, tampered=True)) == "signature"
    assert await why(phone, await phone.signed(await phone.issue("alice"))) == "not_bound"
    roots = (tmp_path / "roots.pem").read_text().split("-----END CERTIFICATE-----\n")
    (tmp_path / "roots.pem").write_text(f"{roots[1]}-----END CERTIFICATE-----\n")  # the SM2 root alone
    assert await why(phone, await phone.signed(serial)) == "no_root"
    (tmp_path / "roots.pem").write_text("nothing")
    assert await why(phone, await phone.signed(serial)) == "no_root"
    (tmp_path / "roots.pem").unlink()
    assert await why(phone, await phone.signed(serial)) == "no_root"


async def test_a_person_who_has_left_does_not_come_in(phone: Phone) -> None:
    serial = await phone.bound("alice")
    await db.execute("update staff set active = false where id = $1", phone.house.staff["alice"])
    assert await why(phone, await phone.signed(serial)) == "not_bound"


async def test_a_challenge_opens_once_in_its_own_browser_for_its_own_purpose(phone: Phone) -> None:
    serial = await phone.bound("alice")
    token = await phone.signed(serial)
    assert await why(phone, "another browser's token") == "challenge"
    await phone.enter(token)
    assert await why(phone, token) == "challenge"
    alice = phone.house.staff["alice"]
    assert await why(phone, await phone.signed(serial, Purpose.BIND, staff_id=alice)) == "challenge"


async def test_a_challenge_is_over_after_three_minutes_signed_or_not(phone: Phone) -> None:
    serial = await phone.bound("alice")
    token = await phone.signed(serial)
    with clock.frozen(clock.now() + timedelta(minutes=3, seconds=1)):
        assert await certificate.standing(token) is Standing.OVER
        assert await why(phone, token) == "challenge"


async def test_a_person_may_say_no_on_the_phone(phone: Phone) -> None:
    begun = await certificate.begin(Purpose.LOGIN, address=ADDRESS)
    await phone.outside.ask("ca/refuse")
    assert await certificate.standing(begun.token) is Standing.REFUSED
    assert await why(phone, begun.token) == "challenge"


async def test_when_nobody_tells_what_is_revoked_the_parameter_decides(phone: Phone) -> None:
    serial = await phone.bound("alice")
    for api in ("ocsp/rsa", "crl/rsa-issuing.crl"):
        await phone.outside.fault("ca", api, drop=True, times=10)
    assert await why(phone, await phone.signed(serial)) == "revocation_unknown"
    await parameters.change(UNREACHABLE.name, "allow", by=system())
    await phone.outside.fault("ca", "crl/rsa-root.crl", http=500, times=10)
    assert isinstance(await phone.enter(await phone.signed(serial)), entering.SignedIn)
    ((_, whose, detail),) = await lines("login.revocation_unknown")
    assert (whose, detail) == (phone.house.staff["alice"], {"way": "certificate", "serial": serial})


async def test_a_list_that_was_fetched_serves_while_the_ca_is_away_and_is_renewed_by_the_clock(
    phone: Phone,
) -> None:
    serial = await phone.bound("alice", "sm2")
    await phone.outside.fault("ca", "ocsp/sm2", http=503, times=10)
    await phone.enter(await phone.signed(serial))
    for name in ("sm2-issuing", "sm2-root"):
        await phone.outside.fault("ca", f"crl/{name}.crl", http=503, times=1)
    assert isinstance(await phone.enter(await phone.signed(serial)), entering.SignedIn)
    assert await revocation.refresh() == 0  # fetched a moment ago
    await phone.outside.ask("ca/revoke", {"serial": serial})
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert await revocation.refresh() == 0  # both fail once: the old ones stay
        kept = await db.fetch("select error <> '' as failed, body is not null as kept from ca_list")
        assert [tuple(row) for row in kept] == [(True, True), (True, True)]
    with clock.frozen(clock.now() + timedelta(hours=3)):
        assert await revocation.refresh() == 2
    assert await why(phone, await phone.signed(serial)) == "revoked"


async def test_the_ca_calls_once_signed_and_nobody_else_does(phone: Phone) -> None:
    begun = await certificate.begin(Purpose.LOGIN, address=ADDRESS)
    task = await db.fetchval("select task from ca_challenge")
    body = f'{{"task":"{task}","status":"refused","nonce":"0123456789abcdef"}}'.encode()
    secret = phone.outside.config.ca_secret
    good = signing.signed(secret, body)
    with pytest.raises(Unauthenticated, match="签名不正确"):
        await certificate.called(signing.signed("another secret", body), body)
    with pytest.raises(Unauthenticated, match="签名不正确"):
        await certificate.called(good, body.replace(b"refused", b"expired"))
    with clock.frozen(clock.now() + timedelta(seconds=301)), pytest.raises(Unauthenticated, match="300"):
        await certificate.called(good, body)
    short = body.replace(b"0123456789abcdef", b"short")
    with pytest.raises(Invalid, match="nonce"):
        await certificate.called(signing.signed(secret, short), short)
    assert await db.fetchval("select state from ca_challenge") == "waiting"
    assert await certificate.called(good, body) is True
    assert await certificate.called(good, body) is False
    assert await certificate.standing(begun.token) is Standing.REFUSED


async def test_one_address_cannot_ask_without_end(phone: Phone) -> None:
    await parameters.change(crowd.MOST.name, "20", by=system())
    for _ in range(20):
        await certificate.begin(Purpose.LOGIN, address=ADDRESS)
    with pytest.raises(TooMany):
        await certificate.begin(Purpose.LOGIN, address=ADDRESS)
    await certificate.begin(Purpose.LOGIN, address="198.51.100.7")


async def test_without_the_ca_one_is_told_another_way(phone: Phone) -> None:
    await phone.outside.fault("ca", "tasks", http=502)
    with pytest.raises(Refused, match="工号密码"):
        await certificate.begin(Purpose.LOGIN, address=ADDRESS)


# --- binding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", KINDS)
async def test_who_is_signed_in_binds_what_they_sign_with_and_then_comes_in_by_it(
    phone: Phone, algorithm: str
) -> None:
    alice = await phone.house.actor("alice")
    serial = await phone.issue("alice", algorithm)
    bound = await certificate_binding.bind(
        await phone.signed(serial, Purpose.BIND, staff_id=alice.id), by=alice
    )
    assert (bound.kind, bound.holder, bound.serial) == (algorithm, "测试alice", serial)
    assert isinstance(await phone.enter(await phone.signed(serial)), entering.SignedIn)
    (line,) = await lines("staff.bind_certificate")
    assert (line[1], line[2]["serial"], line[2]["revocation_known"]) == (alice.id, serial, True)


async def test_a_certificate_is_one_persons(phone: Phone) -> None:
    serial = await phone.bound("alice")
    for name, said in (("alice", "已经绑定在您的账号上"), ("bob", "已绑定其他职工")):
        by = await phone.house.actor(name)
        with pytest.raises(Refused, match=said):
            await certificate_binding.bind(await phone.signed(serial, Purpose.BIND, staff_id=by.id), by=by)


async def test_nobody_binds_with_the_challenge_of_another_or_with_a_bad_certificate(phone: Phone) -> None:
    alice, bob = await phone.house.actor("alice"), await phone.house.actor("bob")
    serial = await phone.issue("alice")
    token = await phone.signed(serial, Purpose.BIND, staff_id=alice.id)
    with pytest.raises(Refused, match="未能确认"):
        await certificate_binding.bind(token, by=bob)
    await phone.outside.ask("ca/revoke", {"serial": serial})
    token = await phone.signed(serial, Purpose.BIND, staff_id=alice.id)
    with pytest.raises(Refused, match="未能确认"):
        await certificate_binding.bind(token, by=alice)
    told = [(line[1], line[2]["why"]) for line in await lines("staff.certificate_failed")]
    assert told == [(bob.id, "challenge"), (alice.id, "revoked")]
    assert await db.fetchval("select count(*) from staff_certificate") == 0


async def test_one_unbinds_ones_own_an_administrator_anybodys_and_nobody_else(phone: Phone) -> None:
    alice = phone.house.staff["alice"]
    await phone.bound("alice")
    serial = await phone.bound("alice", "sm2")
    first, second = (one.id for one in await certificate_binding.of_staff(alice))
    with pytest.raises(Forbidden):
        await certificate_binding.unbind(alice, first, by=await phone.house.actor("bob"))
    with pytest.raises(NotFound):
        await certificate_binding.unbind(phone.house.staff["bob"], first, by=await phone.house.actor("bob"))
    await certificate_binding.unbind(alice, first, by=await phone.house.actor("keeper"))
    await certificate_binding.unbind(alice, second, by=await phone.house.actor("alice"))
    assert await certificate_binding.of_staff(alice) == []
    assert await why(phone, await phone.signed(serial)) == "not_bound"
    assert len(await lines("staff.unbind_certificate")) == 2
