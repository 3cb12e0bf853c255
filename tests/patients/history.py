"""HL7 messages of one patient's life, as a HIS writes them; invented persons (ID numbers with prefix 99)."""

from dataclasses import dataclass, field

PATIENT = "P000123"
ID_NUMBER = "990000199001010017"


@dataclass
class Sender:
    """A HIS that counts its messages; times are "HHMM" of one day."""

    application: str = "HIS"
    facility: str = "HOSP"
    day: str = "20260301"
    count: int = 0
    sent: list[str] = field(default_factory=list)

    def send(self, kind: str, time: str, *segments: str, pid: str = "", id: str = "") -> str:
        """A message; the patient is PATIENT unless `pid` says otherwise."""
        self.count += 1
        control = id or f"MSG{self.count}"
        stamp = f"{self.day}{time}00"
        head = (
            f"MSH|^~\\&|{self.application}|{self.facility}|HUIYIN|HOSP|{stamp}||{kind}|{control}|P|2.4"
            "|||AL|NE||UNICODE UTF-8"
        )
        lines = [head, f"EVN|{kind.split('^')[1]}|{stamp}", pid or person(), *segments]
        text = "\r".join(lines) + "\r"
        self.sent.append(text)
        return text


def person(
    number: str = PATIENT,
    name: str = "测试甲",
    id_number: str = ID_NUMBER,
    phone: str = "13800000011",
    born: str = "19900101",
    dead: str = "",
    sex: str = "M",
) -> str:
    """A PID with repeated identifiers."""
    return (
        f"PID|1||{number}^^^HOSP^MR~{id_number}^^^MPS^NI~MZ77^^^HOSP^门诊号||{name}||{born}|{sex}"
        f"|||示范市东示区测试路1号||{phone}|||M|||||||||||||{'' if not dead else '20260301120000'}|{dead}"
    )


def stay(
    number: str = "ZY001",
    ward: str = "心内科一病区",
    bed: str = "05",
    kind: str = "I",
    doctor: str = "王测甲",
    *,
    start: str = "20260222090000",
    end: str = "",
    how: str = "",
    campus: str = "东院区",
    unit: str = "",
) -> str:
    """A PV1: PV1-3 place, PV1-7 doctor, PV1-10 department, PV1-19 number, PV1-36 disposition, PV1-44/45 times."""
    fields = ["PV1", "1", kind, f"{ward}^101^{bed}^{campus}", "", "", "", f"1001^{doctor}", "", "", unit]
    fields += [""] * (19 - len(fields)) + [number]
    fields += [""] * (36 - len(fields)) + [how]
    fields += [""] * (44 - len(fields)) + [start, end]
    return "|".join(fields).rstrip("|")


def diagnosis(code: str, name: str, kind: str = "F") -> str:
    """A DG1."""
    return f"DG1|1||{code}^{name}^ICD-10 国家临床版 2.0|||{kind}"


def potassium(
    value: str, flag: str, number: str = "JY1", state: str = "F", at: str = "20260301093000"
) -> list[str]:
    """A laboratory report of one result."""
    return [
        f"OBR|1|SQ1|{number}|K^血钾||20260301090000|20260301090500|||||||||||||||{at}||LAB|{state}",
        f"OBX|1|NM|K^血钾||{value}|mmol/L|3.5-5.3|{flag}|||F|||{at}",
    ]
