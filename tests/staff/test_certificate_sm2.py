"""SM2 with SM3: the standard's own example, a certificate that OpenSSL made, and everything that is nearly right refused."""

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from staff.login.certificate_keys import SM2_WITH_SM3, check, key_of, of_certificate
from staff.login.certificate_sm2 import GX, GY, N, NotSigned, P, Sm2Key, sm3

# GB/T 32918.5-2017, annex A.2: the key, the message "message digest" and its signature.
KEY = Sm2Key(
    0x09F9DF31_1E5421A1_50DD7D16_1E4BC5C6_72179FAD_1833FC07_6BB08FF3_56F35020,
    0xCCEA490C_E26775A5_2DC6EA71_8CC1AA60_0AED05FB_F35E084A_6632F607_2DA9AD13,
)
R = 0xF5A03B06_48D2C463_0EEAC513_E1BB81A1_5944DA38_27D5B741_43AC7EAC_EEE720B3
S = 0xB1B6AA29_DF212FD8_763182BC_0D421CA1_BB9038FD_1F7F42D4_840B69C4_85BBC1AA
MESSAGE = b"message digest"
# openssl req -x509 -new -key … -sm3 -sigopt distid:1234567812345678 -subj /CN=openssl
BY_OPENSSL = b"""-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUZq9fRSanRh2u/oFhsnHKepYUaKEwCgYIKoEcz1UBg3Uw
EjEQMA4GA1UEAwwHb3BlbnNzbDAeFw0yNjExMjIwMzQyMTlaFw0zNjExMTkwMzQy
MTlaMBIxEDAOBgNVBAMMB29wZW5zc2wwWTATBgcqhkjOPQIBBggqgRzPVQGCLQNC
AAT91uYwa9cEFGtv0aADqhqUcp9m9smNXDjMyAp2w2BigdL69DWpRonJcGFGWD/t
FWs3nS5LzOaqXAHv2iAYDNVQo1MwUTAdBgNVHQ4EFgQUrnlrprVJ2vZQdGiYas4V
IIGnhFQwHwYDVR0jBBgwFoAUrnlrprVJ2vZQdGiYas4VIIGnhFQwDwYDVR0TAQH/
BAUwAwEB/zAKBggqgRzPVQGDdQNIADBFAiB75x32V322mOd/HUJb0iv8o4q5I+iC
X9dXGR8rnO/CUgIhAOg4xU1v4NFvjRaz0J27kVohmWzo3ygb/W/wZegvyovR
-----END CERTIFICATE-----
"""


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32) + s.to_bytes(32)


def test_the_example_of_the_standard_holds() -> None:
    KEY.verify(raw(R, S), MESSAGE)
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_certificate_made_by_openssl_holds_and_one_changed_byte_does_not() -> None:
    certificate = x509.load_pem_x509_certificate(BY_OPENSSL)
    sealed = of_certificate(certificate)
    assert sealed.algorithm == SM2_WITH_SM3
    check(key_of(certificate), sealed)
    body = bytearray(sealed.data)
    body[-1] ^= 1
    key = key_of(certificate)
    assert isinstance(key, Sm2Key)
    with pytest.raises(NotSigned):
        key.verify(sealed.signature, bytes(body))


@given(st.integers(0, 511), st.binary(max_size=40))
def test_no_changed_bit_and_no_other_message_passes(bit: int, other: bytes) -> None:
    changed = bytearray(raw(R, S))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotSigned):
        KEY.verify(bytes(changed), MESSAGE)
    if other != MESSAGE:
        with pytest.raises(NotSigned):
            KEY.verify(raw(R, S), other)


@pytest.mark.parametrize(
    "signature",
    [
        raw(0, S),
        raw(R, 0),
        raw(R, N - R),
        raw(R + N, S) if R + N < 2**256 else raw(N, S),
        raw(N, N),
        b"",
        b"0",
        b"\x30\x00",
    ],
)
def test_numbers_out_of_range_and_what_is_no_signature_are_refused(signature: bytes) -> None:
    with pytest.raises(NotSigned):
        KEY.verify(signature, MESSAGE)


def test_another_signer_id_does_not_fit() -> None:
    with pytest.raises(NotSigned):
        KEY.verify(raw(R, S), MESSAGE, signer=b"ALICE123@YAHOO.COM")


@pytest.mark.parametrize(
    "point",
    [
        b"\x04" + GX.to_bytes(32) + (GY ^ 1).to_bytes(32),
        b"\x04" + (GX + P).to_bytes(33)[-32:] + GY.to_bytes(32),
        b"\x02" + GX.to_bytes(32),
        b"\x04" + bytes(64),
        b"",
    ],
)
def test_a_point_beside_the_curve_is_no_key(point: bytes) -> None:
    with pytest.raises(ValueError, match="point"):
        Sm2Key.of(point)
