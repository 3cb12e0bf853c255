"""Key rotation: every sealed value comes under the new key or algorithm, is still read, and no column is forgotten."""

from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag

import wiring
from core import clock, crypto, db, inbound, jobs, rotation
from core.crypto import Algorithm, KeyRing
from core.jobs import Job
from core.settings import SettingsError, settings
from patients.models import Patient

ONE = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TWO = "2:EBESExQVFhcYGRobHB0eHwABAgMEBQYHCAkKCwwNDg8="
NOT_SEALED = {  # bytes that are no secret of a person: hashes, keys of comparison
    "audit_seal.before",
    "audit_seal.hash",
    "audit_seal.marks",
    "card_copy.shown",
    "case_key.key",
    "portal_failure.name",  # a keyed hash
    "staff_certificate.fingerprint",  # a certificate and a list of revoked ones are public
    "ca_list.issuer",
    "ca_list.body",
}


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> list[KeyRing]:
    """The key ring in use; put another in to change it."""
    used = [KeyRing(ONE)]
    for module in (crypto, rotation):
        monkeypatch.setattr(module, "key_ring", lambda: used[0])
    return used


async def people(count: int) -> None:
    for at in range(count):
        await Patient.create(number=f"99{at:06d}", name="张测试", phone=f"138000{at:05d}")


async def run() -> None:
    wiring.wire()
    job_id = await db.fetchval(
        "insert into job (kind, payload, due_at) values ($1, '{}', $2) returning id",
        rotation.KIND,
        clock.now(),
    )
    await rotation.rotate(Job(job_id, rotation.KIND, {}, 1))


async def phones() -> list[str]:
    return [patient.phone for patient in await Patient.all().order_by("id")]


@pytest.mark.parametrize("new", [KeyRing(f"{TWO},{ONE}"), KeyRing(ONE, Algorithm.SM4)], ids=["key", "sm4"])
async def test_every_value_is_sealed_anew_and_read_as_before(
    database: str, ring: list[KeyRing], new: KeyRing
) -> None:
    assert database
    await people(450)  # more than two batches
    before = await phones()
    ring[0] = new
    await run()
    assert await phones() == before
    (mine,) = [one for one in await rotation.standing() if one.place.name == "patient.phone"]
    assert (mine.whole, mine.old) == (450, 0)


async def test_a_second_run_finds_nothing_to_do(database: str, ring: list[KeyRing]) -> None:
    assert database
    await people(3)
    ring[0] = KeyRing(f"{TWO},{ONE}")
    await run()
    sealed = await db.fetch("select phone from patient order by id")
    await run()
    assert await db.fetch("select phone from patient order by id") == sealed


async def test_without_the_old_key_what_it_sealed_is_not_lost_but_told(
    database: str, ring: list[KeyRing]
) -> None:
    assert database
    await people(1)
    ring[0] = KeyRing(TWO)
    with pytest.raises(KeyError):
        await run()
    ring[0] = KeyRing(f"{TWO},{ONE}")
    assert await phones() == ["13800000000"]


def test_sm4_opens_what_it_sealed_and_nothing_that_was_touched() -> None:
    ring = KeyRing(ONE, Algorithm.SM4)
    sealed = ring.encrypt("13800000001", "cases.caller_phone")
    assert sealed[0] == crypto.SM4_GCM
    assert KeyRing(ONE).decrypt(sealed, "cases.caller_phone") == "13800000001"
    for broken, place in (
        (sealed, "cases.contact_phone"),
        (sealed[:-1] + bytes((sealed[-1] ^ 1,)), "cases.caller_phone"),
    ):
        with pytest.raises(InvalidTag):
            ring.decrypt(broken, place)


async def test_every_column_of_bytes_is_in_the_register_or_known_to_be_no_secret(database: str) -> None:
    assert database
    rows = await db.fetch(
        "select table_name || '.' || column_name as name from information_schema.columns"
        " where table_schema = 'public' and data_type = 'bytea' and column_name not like '%hash'"
    )
    found = {row["name"] for row in rows}
    assert found - NOT_SEALED == {place.name for place in wiring.SEALED}


async def test_the_job_is_known_to_the_worker(database: str) -> None:
    assert database
    wiring.wire()
    assert jobs.KINDS[rotation.KIND] is rotation.rotate


async def test_asked_again_later_it_looks_again_though_the_first_run_is_done(database: str) -> None:
    assert database
    now = clock.now()
    for minutes in (0, 0, 5):
        with clock.frozen(now + timedelta(minutes=minutes)):
            await rotation.ask()
    assert await db.fetchval("select count(*) from job where kind = $1", rotation.KIND) == 2


@pytest.mark.parametrize("algorithm", list(Algorithm), ids=list(Algorithm))
def test_a_value_sealed_for_its_row_opens_in_no_other(algorithm: Algorithm) -> None:
    ring = KeyRing(ONE, algorithm)
    mine = ring.encrypt("SECRET", "staff.totp_secret", "7")
    assert ring.decrypt(mine, "staff.totp_secret", "7") == "SECRET"
    for place, row in (("staff.totp_secret", "8"), ("staff.totp_secret", ""), ("staff.totp_pending", "7")):
        with pytest.raises(InvalidTag):
            ring.decrypt(mine, place, row)
    unbound = bytes((mine[0] & ~crypto.BOUND, *mine[1:]))  # told to be one of before
    with pytest.raises(InvalidTag):
        ring.decrypt(unbound, "staff.totp_secret", "8")


async def test_what_stood_in_the_clear_or_without_its_row_is_sealed_by_the_same_run(
    database: str, ring: list[KeyRing]
) -> None:
    assert database
    await db.execute(
        "insert into inbound (source, external_id, body) values ('order', 'A-1#9', $1)", b"\x01\x01 clear"
    )
    await db.execute(
        "insert into staff (number, name, totp_secret) values ('s1', '测试', $1)",
        ring[0].encrypt("SECRET", "staff.totp_secret"),
    )
    staff_id = await db.fetchval("select id from staff where number = 's1'")
    wiring.wire()
    assert await rotation.ask_if_needed()
    await run()
    assert not await rotation.ask_if_needed()
    row = await db.fetchrow("select * from inbound")
    assert row is not None
    assert (row["sealed"], b"clear" in row["body"], inbound.opened(row)) == (True, False, b"\x01\x01 clear")
    secret = await db.fetchval("select totp_secret from staff where id = $1", staff_id)
    assert ring[0].decrypt(secret, "staff.totp_secret", str(staff_id)) == "SECRET"
    with pytest.raises(InvalidTag):
        ring[0].decrypt(secret, "staff.totp_secret", "0")


async def test_a_body_moved_to_another_senders_row_does_not_open(database: str) -> None:
    assert database
    for number in ("A-1#1", "A-2#1"):
        await inbound.store("order", number, number.encode())
    await db.execute(
        "update inbound set body = (select body from inbound where external_id = 'A-1#1') where external_id = 'A-2#1'"
    )
    with pytest.raises(InvalidTag):
        await inbound.body_of(await db.fetchval("select id from inbound where external_id = 'A-2#1'"))


def test_values_are_searched_by_another_key_than_they_are_sealed_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = crypto.search_hash("13800000001")
    monkeypatch.setenv("HUIYIN_ENCRYPTION_KEYS", TWO)
    settings.cache_clear()
    crypto._hash_key.cache_clear()
    assert crypto.search_hash("13800000001") == before  # the keys of encryption do not enter it
    monkeypatch.setenv("HUIYIN_SECRET_KEY", "another secret of forty characters 123456")
    settings.cache_clear()
    crypto._hash_key.cache_clear()
    assert crypto.search_hash("13800000001") != before
    crypto._hash_key.cache_clear()
    monkeypatch.setenv("HUIYIN_SECRET_KEY", "EBESExQVFhcYGRobHB0eHwABAgMEBQYHCAkKCwwNDg8=")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="same"):
        settings()
    settings.cache_clear()
