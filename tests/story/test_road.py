"""The whole road of an order over real HTTP and WebSocket, through the sandbox."""

from tests.story.hospital import Hospital


async def test_smoke(hospital: Hospital) -> None:
    answer = await hospital.phones.push_order(
        {
            "order_no": "GZ-1",
            "title": "心内科门诊排队过久",
            "content": "本人昨日在东院区心血管内科门诊就诊，排队三小时仍未看上病。",
            "appeal_type": "投诉",
            "caller_name": "张测试",
            "caller_phone": "13800000001",
            "departments": ["心血管内科"],
            "campus": "东院区",
        }
    )
    print(answer)
    await hospital.settled()
    print(await hospital.phones.cards("liaison"))
