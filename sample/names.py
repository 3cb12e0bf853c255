"""Invents names and numbers that are nobody's: 测/试/样/例 in every name, ID prefix 99, phones of test ranges."""

import random
from datetime import date

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
SIGNS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
CHECKS = "10X98765432"


def staff_names() -> list[str]:
    """All names of staff there can be, each once: 王测甲, 李测甲, …"""
    return [f"{surname}测{sign}" for sign in SIGNS for surname in SURNAMES]


def patient_name(chance: random.Random) -> str:
    """A patient's name; some come twice, as in life."""
    return f"{chance.choice(SURNAMES)}{chance.choice('试样例')}{chance.choice(SIGNS)}"


def id_number(born: date, order: int, *, male: bool) -> str:
    """An 18-digit number with the unassigned area 990000 and a valid check digit; `order` is 0 to 499."""
    body = f"990000{born:%Y%m%d}{order * 2 + male:03d}"
    return body + CHECKS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def phone(number: int) -> str:
    """A mobile number of the ranges kept for tests: 0 to 99,999 in 199000, above in 138000."""
    return f"199000{number:05d}" if number < 100_000 else f"138000{number - 100_000:05d}"
