"""What questionnaires announce; ids only."""

from core.events import Event


class VersionPublished(Event):
    """A version of a questionnaire is answered from now on."""

    questionnaire_id: int
    version_id: int


class QuestionnaireRetired(Event):
    """A questionnaire is not answered any more."""

    questionnaire_id: int
