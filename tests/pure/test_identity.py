"""Identity numbers and phones: what is well formed, what is found in a text, and how they are masked."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import (
    IdKind,
    IdNumber,
    Sex,
    find_ids,
    find_phones,
    mask_address,
    mask_id,
    mask_name,
    mask_phone,
    normalise_phone,
    parse_id,
)


@pytest.mark.parametrize(
    ("text", "number", "kind", "born", "sex"),
    [
        # the standard's own examples
        ("11010519491231002X", "11010519491231002X", IdKind.RESIDENT, date(1949, 12, 31), Sex.FEMALE),
        ("440524188001010014", "440524188001010014", IdKind.RESIDENT, date(1880, 1, 1), Sex.MALE),
        # the reserved prefix of sample persons
        ("990000199001010017", "990000199001010017", IdKind.SAMPLE, date(1990, 1, 1), Sex.MALE),
        ("990000199001010025", "990000199001010025", IdKind.SAMPLE, date(1990, 1, 1), Sex.FEMALE),
        ("990000202002290035", "990000202002290035", IdKind.SAMPLE, date(2020, 2, 29), Sex.MALE),
        ("990000198511120107", "990000198511120107", IdKind.SAMPLE, date(1985, 11, 12), Sex.FEMALE),
        ("99000019700101019x", "99000019700101019X", IdKind.SAMPLE, date(1970, 1, 1), Sex.MALE),
        ("810000199001010019", "810000199001010019", IdKind.HONG_KONG, date(1990, 1, 1), Sex.MALE),
        (" 990000 19900101 0017 ", "990000199001010017", IdKind.SAMPLE, date(1990, 1, 1), Sex.MALE),
        (
            "９９００００１９９００１０１００１７",
            "990000199001010017",
            IdKind.SAMPLE,
            date(1990, 1, 1),
            Sex.MALE,
        ),
        # 15 digits
        ("990000900101001", "990000199001010017", IdKind.SAMPLE, date(1990, 1, 1), Sex.MALE),
        ("110105491231002", "11010519491231002X", IdKind.RESIDENT, date(1949, 12, 31), Sex.FEMALE),
    ],
)
def test_a_well_formed_number_tells_its_holder(
    text: str, number: str, kind: IdKind, born: date, sex: Sex
) -> None:
    assert parse_id(text) == IdNumber(number, kind, born, sex)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "990000199001010018",  # check
        "11010519491231002Y",
        "990000199002300014",  # 30 February
        "99000019900101001",  # 17
        "9900001990010100177",
        "990000901301001",  # month 13 in the old form
        "１２三",
        "²90000199001010017",
    ],
)
def test_what_is_not_well_formed_is_nothing(text: str) -> None:
    assert parse_id(text) is None


def _with_check(first17: str) -> str:
    return next(first17 + last for last in "0123456789X" if _mod(first17 + last))


def _mod(number: str) -> bool:
    """ISO 7064 MOD 11-2 from its definition: the weighted sum, check included, leaves 1."""
    values = [10 if char == "X" else int(char) for char in number]
    return sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values)) % 11 == 1


@pytest.mark.parametrize(
    ("area", "kind"),
    [
        ("820000", IdKind.MACAU),
        ("830000", IdKind.TAIWAN),
        ("911156", IdKind.FOREIGNER),
        ("000000", None),
        ("160000", None),
        ("810001", None),
    ],
)
def test_the_area_prefix_tells_whose_number_it_is(area: str, kind: IdKind | None) -> None:
    found = parse_id(_with_check(f"{area}19900101001"))
    assert (found.kind if found else None) == kind


def test_nobody_is_born_after_today() -> None:
    assert parse_id("990000202002290035", today=date(2020, 2, 28)) is None
    assert parse_id("990000202002290035", today=date(2020, 2, 29)) is not None
    assert parse_id(_with_check("99000018490101001")) is None


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place: int, shift: int) -> None:
    number = "990000199001010017"
    wrong = str((int(number[place]) + shift) % 10)
    assert parse_id(number[:place] + wrong + number[place + 1 :]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800000001", "13800000001"),
        ("+8613800000001", "13800000001"),
        ("+86 138-0000-0001", "13800000001"),
        ("008613800000001", "13800000001"),
        ("8613800000001", "13800000001"),
        ("013800000001", "13800000001"),
        ("１３８００００００１", None),  # ten digits
        ("１３８０００００００１", "13800000001"),
        ("＋８６　１３８ ００００ ０００１", "13800000001"),
        ("138—0000—0001", "13800000001"),
        ("020-81234567", "020-81234567"),
        ("02081234567", "020-81234567"),
        ("(020)81234567", "020-81234567"),
        ("（020）8123 4567", "020-81234567"),
        ("+86 20 81234567", "020-81234567"),
        ("0755-8123456", "0755-8123456"),
        ("020-81234567-123", "020-81234567-123"),
        ("020-81234567转8001", "020-81234567-8001"),
        ("400-800-1234", "4008001234"),
        ("+852 9123 4567", "+85291234567"),
        ("0085291234567", "+85291234567"),
        ("12345678", None),
        ("81234567", None),
        ("12800000001", None),
        ("138000000011", None),
        ("13800000001/13800000002", None),
        ("13800000001（本人）", None),
        ("+86123", None),
        ("+1234567890123456", None),
        ("保密", None),
        ("", None),
    ],
)
def test_a_phone_has_one_form(text: str, expected: str | None) -> None:
    assert normalise_phone(text) == expected


def test_a_local_number_is_completed_with_the_area_of_the_hospital() -> None:
    assert normalise_phone("8123 4567", area="020") == "020-81234567"
    assert normalise_phone("8123-456", area="0755") is None
    assert normalise_phone("812-3456转12", area="0755") == "0755-8123456-12"


@given(st.text(max_size=30))
def test_a_normalised_phone_stays_as_it_is(text: str) -> None:
    once = normalise_phone(text)
    assert once is None or normalise_phone(once) == once


def test_phones_are_found_in_a_text_and_other_digits_are_not() -> None:
    text = (
        "工单GZ12345-20261121-13800000009，来电13800000001（家属：+86 199-0000-0002），"
        "座机020-81234567转12，身份证990000199001010017，住院号01380000000123，再拨１３８０００００００１。"
    )
    assert find_phones(text) == ("13800000001", "19900000002", "020-81234567-12")
    assert find_phones("13800000001 13800000002/13800000003") == ("13800000001", "13800000002", "13800000003")


def test_identity_numbers_are_found_in_a_text_only_when_well_formed() -> None:
    text = "证件990000199001010017、990000 19700101 019x；错号990000199001010018；旧号990000900101001；A99000019900101001７"
    assert find_ids(text) == ("990000199001010017", "99000019700101019X")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("13812345678", "138****5678"),
        ("020-81234567", "020-****4567"),
        ("0755-8123456-12", "0755-****3456"),
        ("+85291234567", "+852****4567"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_phones_are_masked(text: str, masked: str) -> None:
    assert mask_phone(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("990000199001018888", "990000********8888"),
        ("990000900101001", "990000*****1001"),
        ("H12345678", "H****5678"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_document_numbers_are_masked(text: str, masked: str) -> None:
    assert mask_id(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("张", "*"),
        ("张三", "张*"),
        ("张测试", "张*试"),
        ("张测试甲", "张**甲"),
        ("欧阳", "欧*"),
        ("欧阳娜", "欧阳*"),
        ("欧阳测娜", "欧阳*娜"),
        ("买买提·艾力", "买**·**"),
        ("John Smith", "J*** S****"),
        ("", ""),
    ],
)
def test_names_are_masked(text: str, masked: str) -> None:
    assert mask_name(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("广东省广州市天河区体育西路1号", "广东省广州市天河区****"),
        ("某市某区某路1号", "某市某区****"),
        ("北京市朝阳区某路", "北京市朝阳区****"),
        ("广西壮族自治区南宁市青秀区某路", "广西壮族自治区南宁市青秀区****"),
        ("某省某市某县某镇某村3组", "某省某市某县****"),
        ("天河区某路8号", "天河区****"),
        ("广州市幸福小区3栋", "广州市****"),
        ("某路8号", "****"),
        ("", ""),
    ],
)
def test_addresses_are_kept_to_the_district(text: str, masked: str) -> None:
    assert mask_address(text) == masked


@given(st.text(alphabet="张三欧阳测试0123456789-+Xx ·省市区路aB", min_size=1, max_size=25).filter(str.strip))
def test_no_mask_shows_the_whole(text: str) -> None:
    for mask in (mask_phone, mask_id, mask_name):
        assert mask(text) != text.strip() or set(text.strip()) <= {"*", "·", " "}
    assert mask_address(text).endswith("****")
