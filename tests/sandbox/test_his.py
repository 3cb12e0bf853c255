"""The sandbox's HIS: a day is the same each time, its messages come in the order of the day, and it waits for answers."""

import asyncio
from datetime import date

from sandbox.his.day import Day
from sandbox.his.player import Player, send

DAY = date(2026, 11, 23)


class Listener:
    """Takes frames and answers AA, once with a connection that breaks first."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.breaks = 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                frame = await reader.readuntil(b"\x1c\r")
                text = frame.strip(b"\x0b\x1c\r").decode()
                if self.breaks and len(self.heard) == 3:
                    self.breaks -= 1
                    return
                self.heard.append(text)
                control = text.split("|")[9]
                writer.write(f"\x0bMSH|^~\\&|A\rMSA|AA|{control}\r\x1c\r".encode())
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()


def test_a_day_is_the_same_each_time_and_goes_by_the_clock() -> None:
    once, again = Day(DAY, 30).messages(), Day(DAY, 30).messages()
    assert once == again
    assert [one.at for one in once] == sorted(one.at for one in once)
    kinds = {one.kind for one in Day(DAY, 200).messages()}
    assert kinds == {"ADT^A01", "ADT^A02", "ADT^A03", "ADT^A04", "ADT^A08", "ADT^A11", "ADT^A12", "ADT^A13", "ORU^R01", "ORM^O01"}  # fmt: skip


async def test_it_sends_again_what_was_not_answered() -> None:
    listener = Listener()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    player = Player("127.0.0.1", port)
    player.play(DAY, 5, 0)
    async with asyncio.timeout(60):
        await player.finished()
    expected = [one.text.strip("\r") for one in Day(DAY, 5).messages()]
    assert [text.strip("\r") for text in listener.heard] == expected
    assert player.standing() == {
        "playing": False,
        "total": len(expected),
        "done": len(expected),
        "answers": {"AA": len(expected)},
        "refused": [],
        "note": "",
        "address": f"127.0.0.1:{port}",
    }
    assert "MSA|AA|S1" in await send("127.0.0.1", port, "MSH|^~\\&|A|B|C|D|1||ADT^A31|S1|P|2.4\r")
    server.close()
