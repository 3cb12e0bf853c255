"""FHIR Bundles of 100 resources pushed to one web process: checked by the mapping, kept and synced to disk, answered.

Each of the connections sends its next Bundle when the last is answered. Required (the project's figures): at least
2,000 resources/s, all of them kept. The first argument is the number of Bundles.
"""

import asyncio
import sys
import time

import aiohttp
import orjson
import uvloop

from bench.stage import Row, stage
from core import db
from core.actor import system
from patients.feeds import links, tokens
from patients.feeds.kinds import FhirForm

BUNDLES, SIZE, LINES = 300, 100, 4
KINDS = ("Patient", "Encounter", "Condition", "Observation")


def resource(number: int) -> dict[str, object]:
    """The next resource: in turn a person, a stay, its diagnosis, a result."""
    whose, kind = number // 4, KINDS[number % 4]
    told = {"subject": {"reference": f"Patient/F{whose}"}, "encounter": {"reference": f"Encounter/V{whose}"}}
    common: dict[str, object] = {
        "resourceType": kind,
        "id": f"{'FVCO'[number % 4]}{whose}",
        "meta": {"lastUpdated": "2026-03-01T08:30:00+08:00", "versionId": "1"},
    }
    match kind:
        case "Patient":
            return common | {
                "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": f"M{whose}"}],
                "name": [{"use": "official", "text": f"测试{whose}"}],
                "gender": "male",
                "birthDate": "1990-01-01",
                "telecom": [{"system": "phone", "value": f"199{whose:08d}"}],
                "address": [{"text": "示范市示例区样例路1号"}],
            }
        case "Encounter":
            return common | {
                "status": "in-progress",
                "class": {"code": "IMP"},
                "subject": told["subject"],
                "period": {"start": "2026-02-22T09:00:00+08:00"},
                "serviceProvider": {"display": "东院区心血管内科"},
                "participant": [{"individual": {"display": "测试医生"}}],
            }
        case "Condition":
            return common | {"code": {"coding": [{"code": "I10.x00", "display": "原发性高血压"}]}, **told}
    return common | {
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"code": "K", "display": "血钾"}]},
        "effectiveDateTime": "2026-03-01T08:50:00+08:00",
        "valueQuantity": {"value": 4.1, "unit": "mmol/L"},
        "referenceRange": [{"low": {"value": 3.5}, "high": {"value": 5.3}}],
        "interpretation": [{"coding": [{"code": "N"}]}],
        **told,
    }


async def _send(port: int, token: str, bodies: list[bytes], wrong: list[str]) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    async with aiohttp.ClientSession(headers=headers) as http:
        while bodies:
            async with http.post(f"http://127.0.0.1:{port}/api/v1/fhir", data=bodies.pop()) as answer:
                text = await answer.read()
                if answer.status != 200 or b'"422' in text:
                    wrong.append(text[:200].decode("utf-8", "replace"))


async def run(bundles: int = BUNDLES) -> list[Row]:
    """The rate, and what is in the database afterwards."""
    async with stage() as place:
        await db.open_db(place.database_url)
        await db.execute("insert into parameter (name, value) values ('feeds.most_waiting', '1000000')")
        await db.execute(
            "insert into parameter (name, value) values ('limit.pushes', '10000000') on conflict do nothing"
        )
        link = await links.save(None, FhirForm(name="压测", mapping="fhir"), by=system("压测"))
        with_rights = system("压测")
        token = await tokens.make(link, by=with_rights)
        bodies = [
            orjson.dumps(
                {
                    "resourceType": "Bundle",
                    "type": "batch",
                    "entry": [{"resource": resource(at)} for at in range(one * SIZE, (one + 1) * SIZE)],
                }
            )
            for one in range(bundles)
        ]
        wrong: list[str] = []
        async with place.web("app.py") as port:
            began = time.perf_counter()
            await asyncio.gather(*(_send(port, token, bodies, wrong) for _ in range(LINES)))
            took = time.perf_counter() - began
        kept = await db.fetchval("select count(*) from feed_message where state = 'due'")
        await db.close_db()
    if wrong:
        print(wrong[0], file=sys.stderr)
    return [
        (
            f"resources kept and answered, Bundles of {SIZE} (required: 2,000)",
            round(bundles * SIZE / took, 1),
            "resources/s",
        ),
        ("answers that were not 200 (required: 0)", len(wrong), "answers"),
        (
            "resources kept that were not sent, or the other way round (required: 0)",
            bundles * SIZE - kept,
            "resources",
        ),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run(int(sys.argv[1]) if sys.argv[1:] else BUNDLES)):
            print(*line)
