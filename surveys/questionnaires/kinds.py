"""The kinds of questionnaires: who is asked, and whether anybody may know who answered."""

from enum import StrEnum


class Kind(StrEnum):
    """What a questionnaire is for; the values are those of `questionnaire.kind`."""

    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    INPATIENT = "inpatient"
    DISCHARGED = "discharged"
    EXAM = "exam"
    FOLLOWUP = "followup"
    GENERAL = "general"
    STAFF = "staff"
    MUTUAL = "mutual"

    @property
    def words(self) -> str:
        """As it stands on the screen."""
        return WORDS[self]

    @property
    def anonymous(self) -> bool:
        """Who took part and what was said lie apart, without a key between them."""
        return self in {Kind.STAFF, Kind.MUTUAL}


WORDS = {
    Kind.OUTPATIENT: "门诊患者",
    Kind.EMERGENCY: "急诊患者",
    Kind.INPATIENT: "住院患者",
    Kind.DISCHARGED: "出院患者",
    Kind.EXAM: "体检人员",
    Kind.FOLLOWUP: "随访",
    Kind.GENERAL: "通用",
    Kind.STAFF: "职工（匿名）",
    Kind.MUTUAL: "科室互评（匿名）",
}
