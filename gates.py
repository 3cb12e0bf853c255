"""How much, how often and how many at once may come in through which address: sizes of bodies, rates and turns, in tables.

Part of the wiring: imported by app.py alone. Sizes of files are core/filetypes.py's; what a door reads less of than
stands here, it says itself.
"""

import re

from core.edge import Bound
from core.limits import By, Rule, limit

KB, MB = 1024, 1024 * 1024
GET, POST = frozenset({"GET"}), frozenset({"POST"})
ANY = GET | POST

LOG_IN = re.compile(r"/login(/|$)")
BOUNDS = (
    Bound(LOG_IN, 16 * KB),
    Bound(re.compile(r"/api/v1/(hotline/orders|feedback)$"), 40 * MB),  # attachments as base64
    Bound(re.compile(r"/api/v1/(fhir|feeds)(/|$)"), 16 * MB),  # a Bundle of a hospital's system
    Bound(re.compile(r"/(wecom|wechat)/callback"), 256 * KB),
    Bound(re.compile(r"/settings/(forms|questionnaires)"), 4 * MB),  # a questionnaire with its texts
    Bound(re.compile(r"/operate/"), 8 * MB),  # a parked message that is repaired
)
FILES = (
    Bound(LOG_IN, 16 * KB),
    Bound(re.compile(r"/p/(q|s|r|api/responses)/"), 24 * MB),  # a picture for a question
    Bound(re.compile(r"/p/feedback"), 64 * MB),  # pictures taken with a phone
    Bound(re.compile(r"/(chat|imports?|settings/word)(/|$)"), 24 * MB),  # one file
    Bound(re.compile(r"/"), 64 * MB),  # several files at once
)

PAGES = limit("pages", "每人打开页面和提交的次数", 1200, 60, By.ACCOUNT, shared=False)
STRANGERS = limit("strangers", "未登录的同一地址访问次数", 6000, 60, By.ADDRESS, shared=False)
LOG_INS = limit("login", "同一工号提交登录的次数", 20, 60, By.FIELD)
LOG_INS_ADDRESS = limit("login_address", "同一地址提交登录的次数", 600, 60, By.ADDRESS)
CAPTCHAS = limit("captcha", "同一设备获取图形验证码的次数", 60, 60, By.DEVICE)
CAPTCHA_PLAYS = limit("captcha_plays", "同一张图形验证码取图和播放语音的次数", 20, 60, By.TASK)
API = limit("api", "每人调用接口的次数", 600, 60, By.ACCOUNT)
PUSHES = limit("pushes", "每个外部系统推送的次数", 120_000, 60, By.SENDER, high=10_000_000, shared=False)
UPLOADS = limit("uploads", "每人上传文件的次数", 60, 60, By.ACCOUNT)
SEARCHES = limit("search", "每人搜索的次数", 120, 60, By.ACCOUNT)
EXPORTS = limit("exports", "每人导出和下载名单的次数", 120, 3600, By.ACCOUNT)
FEEDBACK = limit("feedback", "患者端同一设备查询和评价反馈的次数", 300, 60, By.DEVICE)
PATIENTS = limit("patients", "患者端同一设备打开页面和提交的次数", 600, 60, By.DEVICE, shared=False)
ANSWERS = limit("answers", "同一份答卷保存和提交的次数", 300, 60, By.TASK, shared=False)
ASKS = limit("asks", "同一问卷链接打开和提交的次数", 240, 60, By.TASK, shared=False)
BEGINNINGS = limit("beginnings", "同一地址开始填写问卷的次数", 6000, 60, By.ADDRESS, shared=False)
HANDED_IN = limit("handed_in", "患者端同一设备提交反馈的次数", 60, 3600, By.DEVICE)
FEEDBACK_ADDRESS = limit("feedback_address", "患者端同一地址查询和评价反馈的次数", 1200, 60, By.ADDRESS)

_ASK_FEEDBACK = re.compile(r"/api/v1/feedback/[^/]+(/rating)?$")
_LISTS = re.compile(r"/.*(/sheet|/exports/[^/]+/file|/export|/faulty|/responses\.(csv|xlsx))$")
RULES = (
    Rule(LOG_INS, re.compile(r"/login$"), POST, field="number"),
    Rule(LOG_INS_ADDRESS, re.compile(r"/login(/second|/ca)?$"), POST),
    Rule(CAPTCHAS, re.compile(r"/login/captcha"), ANY),
    Rule(CAPTCHA_PLAYS, re.compile(r"/login/captcha/[^/]+\.(png|wav)$"), GET, field="token"),
    Rule(API, re.compile(r"/api/v1/"), ANY),
    Rule(
        PUSHES,
        re.compile(
            r"/api/v1/(hotline|sms|wechat|fhir|feeds)(/|$)|/api/v1/feedback$|/(wecom|wechat)/callback"
        ),
        frozenset({"POST", "PUT"}),
    ),
    Rule(FEEDBACK, _ASK_FEEDBACK, ANY),
    Rule(FEEDBACK_ADDRESS, _ASK_FEEDBACK, ANY),
    Rule(UPLOADS, re.compile(r"/"), POST, files=True),
    Rule(SEARCHES, re.compile(r"/(?!api/)"), GET, asks=True),
    Rule(SEARCHES, re.compile(r"/(search|pick)(/|$)"), GET),
    Rule(EXPORTS, re.compile(r"/(cases/exports(/whole)?|patients/[a-z]+/sheet)$"), POST),
    Rule(EXPORTS, _LISTS, GET),
    Rule(HANDED_IN, re.compile(r"/p/(feedback/new/|rights$|f/[^/]+/more$)"), POST),
    Rule(PATIENTS, re.compile(r"/(p|kiosk)/(?!(api|q|s)/)"), ANY),
    Rule(ANSWERS, re.compile(r"/p/api/responses/."), frozenset({"POST", "PUT"}), field="id"),
    Rule(ASKS, re.compile(r"/p/q/"), ANY, field="token"),
    Rule(BEGINNINGS, re.compile(r"/p/(api/responses|s/[^/]+)$"), POST),
    Rule(PAGES, re.compile(r"/(?!static/|socket\.io)"), ANY),
    Rule(
        STRANGERS,
        re.compile(
            r"/(?!static/|p/|kiosk/|socket\.io|api/v1/(hotline|fhir|feeds)(/|$)|healthz|readyz|metrics)"
        ),
        ANY,
    ),
)

# What a screen that was left open must not do: accounts and posts of others, what leaves whole, what keeps the house safe.
_OTHERS = r"/settings/staff(/(import|contacts/\d+)$|/\d+/(posts|planned|password|bind-code|unbind|second|sessions|release|shut|reopen|edit|certificates)(/|$)|$)"
GUARDED = (
    (POST, re.compile(_OTHERS)),
    (
        GET,
        re.compile(
            r"/settings/staff/\d+/(posts|unbind|second|sessions|release|shut|reopen|edit|certificates)(/|$)"
        ),
    ),
    (ANY, re.compile(r"/(cases/exports/whole|operate/everything/new)$")),
    (POST, re.compile(r"/(cases/exports|operate/everything)/[^/]+/decide$")),
    (POST, re.compile(r"/settings/parameters/(audit|keys|limit|login|password|privacy|session)\.")),
)

# Lists that many open in the same second; why three: docs/decisions/0040. Those of patients alike, not measured apart.
TURNS = {"/cases": 3} | {
    f"/patients/{name}": 3 for name in ("outpatient", "emergency", "inside", "left", "exam")
}
