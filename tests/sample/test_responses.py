"""The sample hospital's responses are made by the real actions: scored, some marked, some still waiting."""

from core import db
from sample import questionnaires, responses, seed


async def test_patients_of_the_sample_have_answered_and_some_still_may(database: str) -> None:
    await seed(password="Beispiel#2026")
    await questionnaires.seed()
    await responses.seed()
    await responses.seed()  # a second time changes nothing
    row = await db.fetchrow(
        "select (select count(*) from survey_ask) as asked,"
        " (select count(*) from response where state = 'completed') as answered,"
        " (select count(*) from response where state = 'completed' and exists"
        " (select 1 from response_score s where s.response_id = response.id)) as scored,"
        " (select count(*) from survey_entrance) as doors"
    )
    assert row is not None
    assert row["asked"] == responses.ANSWERED + responses.WAITING
    assert row["answered"] > responses.ANSWERED * 0.9
    assert row["scored"] == row["answered"]
    assert row["doors"] == len(responses.DOORS)
