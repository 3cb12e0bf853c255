"""Who is let in by WeCom's API, for how long and how often."""

from tests.sandbox.actors import Outside, failure
from tests.sandbox.conftest import Starter

TEXT = {"content": "您好"}


async def test_a_token_is_the_same_while_it_lives_and_another_after_two_hours(outside: Outside) -> None:
    first, again = await outside.gettoken(), await outside.gettoken()
    await outside.control("clock", advance=7200)
    later = await outside.gettoken()
    assert first["access_token"] == again["access_token"] != later["access_token"]
    assert (first["errcode"], first["expires_in"]) == (0, 7200)


async def test_a_wrong_secret_or_corporation_gets_no_token(outside: Outside) -> None:
    corp = outside.config.wecom_corp_id
    wrong_secret = await outside.get("/wecom/cgi-bin/gettoken", corpid=corp, corpsecret="guess")
    wrong_corp = await outside.get("/wecom/cgi-bin/gettoken", corpid="ww-other", corpsecret="guess")
    assert failure(wrong_secret) == (40001, "invalid credential")
    assert failure(wrong_corp) == (40013, "invalid corpid")


async def test_missing_foreign_expired_and_killed_tokens_are_told_apart(outside: Outside) -> None:
    token = (await outside.gettoken())["access_token"]
    body = {"touser": "Alice", "msgtype": "text", "agentid": 1000002, "text": TEXT}
    missing = await outside.get("/wecom/cgi-bin/user/get", userid="Alice")
    foreign = await outside.wecom("message/send", body, token="made-up")
    good = await outside.wecom("message/send", body, token=token)
    await outside.control("clock", advance=7200)
    expired = await outside.wecom("message/send", body, token=token)
    fresh = (await outside.gettoken())["access_token"]
    await outside.control("tokens/expire", system="wecom")
    killed = await outside.wecom("message/send", body, token=fresh)
    assert [failure(answer) for answer in (missing, foreign, good, expired, killed)] == [
        (41001, "access_token missing"),
        (40014, "invalid access_token"),
        (0, "ok"),
        (42001, "access_token expired"),
        (40014, "invalid access_token"),
    ]


async def test_the_corporations_quota_blocks_for_the_length_of_its_window(start: Starter) -> None:
    outside = await start(corp_per_minute=3)
    answers = [failure(await outside.gettoken())[0] for _ in range(4)]
    await outside.control("clock", advance=59)
    still_blocked = failure(await outside.gettoken())[0]
    await outside.control("clock", advance=2)
    free_again = failure(await outside.gettoken())[0]
    assert (answers, still_blocked, free_again) == ([0, 0, 0, 45009], 45009, 0)


async def test_members_are_told_by_id_without_regard_to_case_and_by_department(outside: Outside) -> None:
    await outside.send("Alice", text=TEXT)
    token = outside.token
    known = await outside.get("/wecom/cgi-bin/user/get", access_token=token, userid="alice")
    unknown = await outside.get("/wecom/cgi-bin/user/get", access_token=token, userid="Zoe")
    listed = await outside.get(
        "/wecom/cgi-bin/user/simplelist", access_token=token, department_id="1", fetch_child="1"
    )
    assert (known["userid"], known["name"], known["position"]) == ("Alice", "甲测试", "护士长")
    assert failure(unknown) == (60111, "userid not found")
    assert [person["userid"] for person in listed["userlist"]] == ["Alice", "Bob"]


async def test_a_login_code_names_the_chosen_member_once_and_for_five_minutes(outside: Outside) -> None:
    async def login(person: str) -> str:
        query = {
            "appid": outside.config.wecom_corp_id,
            "redirect_uri": "http://127.0.0.1:9/back?x=1",
            "state": "s1",
            "as": person,
        }
        url = outside.url("/wecom/oauth2/authorize")
        async with outside.http.get(url, params=query, allow_redirects=False) as response:
            target = response.headers["Location"]
        assert target.startswith("http://127.0.0.1:9/back?x=1&code=")
        assert target.endswith("&state=s1")
        return target.partition("code=")[2].partition("&")[0]

    async def who(code: str) -> tuple[int, str]:
        answer = await outside.get("/wecom/cgi-bin/auth/getuserinfo", access_token=outside.token, code=code)
        return answer["errcode"], answer.get("userid", "")

    outside.token = (await outside.gettoken())["access_token"]
    code, late = await login("Alice"), await login("Bob")
    first, second = await who(code), await who(code)
    await outside.control("clock", advance=301)
    assert (first, second, await who(late)) == ((0, "Alice"), (40029, ""), (40029, ""))
