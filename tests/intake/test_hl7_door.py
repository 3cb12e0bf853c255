"""HL7 over MLLP at the real door: another library's client on the other side, real rows, answers as the standard means them."""

import asyncio
import random
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import hl7
import pytest
import pytest_asyncio
from hl7.client import MLLPClient
from hypothesis import given
from hypothesis import strategies as st

from core import db
from core.pump import drain
from intake.hl7.door import Door
from integrations.mllp import MllpServer, framed
from patients.feeds.hl7.message import parse
from patients.feeds.processing import FEED
from tests.patients.feed import open_link, parked
from tests.patients.history import Sender, person, stay
from tests.patients.test_permutations import ends, persons, stays
from tests.staff.cast import build
from wiring import wire


@dataclass
class Listening:
    """The door as it listens."""

    server: MllpServer

    def say(self, *messages: bytes) -> list[hl7.Message]:
        """Send with python-hl7's blocking client, one connection for all; the answers."""
        with MLLPClient("127.0.0.1", self.server.port) as client:
            answers = [client.send_message(message) for message in messages]
        return [hl7.parse(one.strip(b"\x0b\x1c\r").decode("utf-8", "replace")) for one in answers]

    async def ask(self, *messages: bytes) -> list[str]:
        """As `say`, beside the running loop; "AA MSG1" for each."""
        answers = await asyncio.to_thread(self.say, *messages)
        return [f"{one.segment('MSA')[1]} {one.segment('MSA')[2]}".strip() for one in answers]

    async def whole(self, message: bytes) -> hl7.Message:
        """One whole answer."""
        return (await asyncio.to_thread(self.say, message))[0]


@pytest_asyncio.fixture
async def door(database: str, redis_url: str) -> AsyncIterator[Listening]:
    """A door with a link of UTF-8 and one of GBK."""
    assert database
    assert redis_url
    wire()
    await build()
    await open_link()
    await open_link(name="旧 HIS", application="旧系统", facility="", charset="gbk", domain="old")
    server = MllpServer(Door().take)
    await server.start("127.0.0.1", 0)
    yield Listening(server)
    await server.stop()


async def work() -> None:
    """Work on everything that was kept."""
    while await drain(FEED):
        pass


async def test_a_message_is_kept_before_it_is_accepted_and_once_however_often_it_comes(
    door: Listening,
) -> None:
    text = Sender().send("ADT^A01", "0830", stay()).encode()
    assert await door.ask(text, text) == ["AA MSG1", "AA MSG1"]
    assert await door.ask(text) == ["AA MSG1"]
    rows = await db.fetch("select external_id, kind, state from feed_message")
    assert [tuple(row) for row in rows] == [("MSG1", "ADT^A01", "due")]
    assert b"MSG1" not in await db.fetchval("select body from feed_message")
    await work()
    assert await parked() == []
    assert await db.fetchval("select count(*) from visit") == 1


async def test_a_link_is_read_in_its_own_charset_whatever_msh_18_says(door: Listening) -> None:
    name = "测试𠮷".replace("𠮷", "镕")
    text = Sender(application="旧系统").send(
        "ADT^A04", "0830", stay("M1", kind="门诊"), pid=person(name=name, sex="男")
    )
    assert await door.ask(text.encode("gbk")) == ["AA MSG1"]
    await work()
    assert await parked() == []
    row = await db.fetchrow("select number, name, gender from patient")
    assert row is not None
    assert tuple(row) == ("old:P000123", name, "男")


async def test_bytes_of_another_charset_are_an_error_that_names_the_segment_and_the_message_is_kept(
    door: Listening,
) -> None:
    text = Sender().send("ADT^A01", "0830", stay())
    answer = await door.whole(text.encode("gbk"))
    assert str(answer.segment("MSA")[1]) == "AE"
    assert str(answer.segment("ERR")[2]).startswith("PID")
    ((at, sentence),) = await parked()
    assert (at, "不属于 utf-8 的字节" in sentence) == ("PID", True)


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (("|HIS|", "|别人|"), "AR", "MSH^1^3^1"),
        (("ADT^A01", "ADT^A99"), "AR", "MSH^1^9^1^2"),
        (("ADT^A01", "MFN^M02"), "AR", "MSH^1^9^1^1"),
        (("|P|2.4", "|T|2.4"), "AR", "MSH^1^11^1"),
        (("|P|2.4", "|P|3.0"), "AR", "MSH^1^12^1"),
        (("|MSG1|", "||"), "AE", "MSH^1^10^1"),
    ],
)
async def test_what_is_not_ours_is_rejected_and_what_is_faulty_is_an_error(
    door: Listening, change: tuple[str, str], code: str, where: str
) -> None:
    text = Sender().send("ADT^A01", "0830", stay()).replace(*change, 1)
    answer = await door.whole(text.encode())
    assert (str(answer.segment("MSA")[1]), str(answer.segment("ERR")[2])) == (code, where)
    await work()
    assert await db.fetchval("select count(*) from patient") == 0


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param(("|ZY001|", "||"), "PV1^1^19^1^1", id="no number of a visit"),
        pytest.param((person(), "PID|1||||测试甲"), "PID", id="no number of a patient"),
        pytest.param(("\rPID", "\rPIX"), "PID", id="no patient"),
        pytest.param(("\rPV1", "\rPID|1||P9^^^HOSP^MR||测试乙\rPV1"), "PID", id="two patients"),
        pytest.param(
            ("\rPV1", "\rMSH|^~\\&|HIS|HOSP|H|H|20260301||ADT^A01|M2|P|2.4\rPV1"), "MSH", id="two messages"
        ),
    ],
)
async def test_a_message_that_lacks_what_it_is_about_is_kept_and_its_sender_told(
    door: Listening, change: tuple[str, str], where: str
) -> None:
    answer = await door.whole(Sender().send("ADT^A01", "0830", stay()).replace(*change, 1).encode())
    assert str(answer.segment("MSA")[1]) == "AE"
    assert str(answer.segment("ERR")[2]).startswith(where)
    ((at, _),) = await parked()
    assert at


async def test_a_batch_is_refused_in_words(door: Listening) -> None:
    batch = "BHS|^~\\&|HIS|HOSP\r" + Sender().send("ADT^A01", "0830", stay()) + "BTS|1\r"
    answer = await door.whole(batch.encode())
    assert str(answer.segment("MSA")[1]) == "AR"
    assert "批量" in str(answer.segment("MSA")[3])


async def test_the_head_of_an_answer_repeats_version_and_processing_id_alone(door: Listening) -> None:
    text = Sender().send("ADT^A01", "0830", stay()).replace("|P|2.4|", "|P^T|2.5.1^CHN|", 1)
    head = (await door.whole(text.encode())).segment("MSH")
    assert (str(head[11]), str(head[12])) == ("P", "2.5.1")


async def test_a_link_in_the_enhanced_mode_is_told_that_its_message_is_kept_when_it_asks(
    door: Listening,
) -> None:
    await open_link(name="增强", application="PLUS", ack="enhanced")
    plus = Sender(application="PLUS")
    always = plus.send("ADT^A31", "0830")
    silent = plus.send("ADT^A31", "0831").replace("|AL|NE|", "|NE|NE|")
    on_error = plus.send("ADT^A31", "0832").replace("|AL|NE|", "|ER|NE|")
    faulty = plus.send("ADT^A01", "0833").replace("|AL|NE|", "|ER|NE|")
    with socket.create_connection(("127.0.0.1", door.server.port)) as raw:
        raw.sendall(b"".join(framed(one.encode()) for one in (always, silent, on_error, faulty)))
        raw.settimeout(5)
        answers = b""
        while answers.count(b"MSA|") < 2:
            answers += await asyncio.to_thread(raw.recv, 4096)
    assert re.findall(rb"MSA\|(\w+)\|(\w+)", answers) == [(b"CA", b"MSG1"), (b"CE", b"MSG4")]
    assert await db.fetchval("select count(*) from feed_message") == 4


async def test_a_message_that_is_broken_off_and_begun_anew_is_answered_once(door: Listening) -> None:
    whole = Sender().send("ADT^A31", "0830").encode()
    with socket.create_connection(("127.0.0.1", door.server.port)) as raw:
        raw.sendall(b"\x0b" + whole[:200] + framed(whole))
        raw.settimeout(5)
        answer = await asyncio.to_thread(raw.recv, 4096)
    assert answer.count(b"MSA|") == 1
    assert b"MSA|AA|MSG1" in answer
    await work()
    assert await db.fetchval("select name from patient") == "测试甲"


async def test_a_stranger_is_noted_and_nothing_of_theirs_is_kept(door: Listening) -> None:
    text = Sender(application="STRANGER").send("ADT^A01", "0830", stay()).encode()
    assert await door.ask(text, text) == ["AR MSG1", "AR MSG1"]
    row = await db.fetchrow("select application, facility, times from feed_stranger")
    assert row is not None
    assert tuple(row) == ("STRANGER", "HOSP", 2)
    assert await db.fetchval("select count(*) from feed_message") == 0


async def test_messages_in_pieces_and_several_at_once_are_answered_in_order(door: Listening) -> None:
    his = Sender()
    wire_bytes = b"".join(framed(his.send("ADT^A31", f"08{at:02}").encode()) for at in range(10))
    reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
    for at in range(0, len(wire_bytes), 97):
        writer.write(wire_bytes[at : at + 97])
        await writer.drain()
    answers = [await reader.readuntil(b"\x1c\r") for _ in range(10)]
    assert [hl7.parse(one.strip(b"\x0b\x1c\r").decode()).segment("MSA")[2][0] for one in answers] == [
        f"MSG{at}" for at in range(1, 11)
    ]
    writer.close()


async def test_mangled_messages_are_applied_or_parked_and_the_link_stays_up(door: Listening) -> None:
    chance = random.Random(7)
    his = Sender()
    said = [*stays(), *persons(), *ends()]  # every kind of message, the whole of three histories
    whole = [re.sub(r"\|MSG\d+\|", f"|F{at}|", said[at % len(said)], count=1) for at in range(10 * len(said))]
    sent = []
    for text in whole:
        body = bytearray(text.encode())
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            way = chance.randrange(3)
            if way == 0:
                body[at] = chance.choice([*range(0x20, 0x7F), 0xB2, 0xFF, 0x0D])
            elif way == 1:
                del body[at : at + chance.randint(1, 30)]
            else:
                body[at:at] = body[at : at + 20]
        sent.append(bytes(body).replace(b"\x0b", b"").replace(b"\x1c", b""))
    answers = await door.ask(*sent)
    assert {one.split(" ")[0] for one in answers} <= {"AA", "AE", "AR"}
    accepted = [one for one in answers if one.startswith("AA")]
    assert 0 < len(accepted) < len(answers)
    await work()
    rows = await db.fetch("select state, fault_at, error, attempts from feed_message where state <> 'done'")
    assert all(row["state"] in ("parked", "dropped") and row["fault_at"] and row["error"] for row in rows)
    assert all("Error" not in row["error"] for row in rows), [row["error"] for row in rows]
    fine = his.send("ADT^A01", "0900", stay("Z99"), id="LAST").encode()
    assert await door.ask(fine) == ["AA LAST"]


async def test_noise_without_a_frame_is_dropped_and_the_next_message_taken(door: Listening) -> None:
    with socket.create_connection(("127.0.0.1", door.server.port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n" + framed(Sender().send("ADT^A31", "0830").encode()))
        raw.settimeout(5)
        answer = await asyncio.to_thread(raw.recv, 4096)
    assert b"MSA|AA|MSG1" in answer


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Z")), max_size=20)


@given(st.lists(st.lists(TEXT, min_size=1, max_size=6), min_size=1, max_size=5))
def test_fields_are_cut_as_the_other_library_cuts_them(rows: list[list[str]]) -> None:
    """Two readers of one text: ours knows where a value stands, python-hl7 is what others use."""
    rows = [
        ["".join(char for char in cell if char not in "\\&\x85\u2028\u2029") for cell in row] for row in rows
    ]
    lines = ["MSH|^~\\&|A|B|C|D|20260301||ADT^A01|1|P|2.4"]
    lines += ["|".join([f"ZA{at}", *row]) for at, row in enumerate(rows)]
    text = "\r".join(lines)
    ours, theirs = parse(text), hl7.parse(text)
    for mine, other in zip(ours.segments[1:], theirs[1:], strict=True):
        assert [mine.raw(at) for at in range(1, len(mine.fields))] == [str(field) for field in other[1:]]
