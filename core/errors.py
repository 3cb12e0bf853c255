"""What can go wrong in words that a person may read; page, card, chat and API all show the same sentence."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict


class Fault(BaseModel):
    """One faulty field of an input: its name, its label on the screen, and the reason in one sentence."""

    model_config = ConfigDict(frozen=True)

    field: str
    reason: str
    label: str = ""
    value: str = ""


class HuiyinError(Exception):
    """Base of everything we say no with; `message` is shown to people as it stands."""

    status = 400
    code = "error"

    def __init__(self, message: str, *, details: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class Refused(HuiyinError):
    """The step is not allowed now (state, rule, race)."""

    status = 409
    code = "refused"


class Forbidden(HuiyinError):
    """This person may not do it."""

    status = 403
    code = "forbidden"

    def __init__(self, message: str = "您没有此项操作的权限") -> None:
        super().__init__(message)


class NotFound(HuiyinError):
    """No such thing, or none that this person may see: the two are told alike."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "没有找到，或您无权查看") -> None:
        super().__init__(message)


class Invalid(HuiyinError):
    """The input is faulty; `details` names each field and why."""

    status = 422
    code = "invalid"


class Unauthenticated(HuiyinError):
    """Nobody is signed in, or the signature is wrong."""

    status = 401
    code = "unauthenticated"

    def __init__(self, message: str = "请先登录") -> None:
        super().__init__(message)


class TooMany(HuiyinError):
    """Too many requests; try again `after` seconds (0: not known)."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, *, after: int = 0) -> None:
        super().__init__(message)
        self.after = after


class TryLater(Exception):
    """An outside system did not answer as hoped; the job runs again after `after` seconds (back-off if None)."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class GiveUp(Exception):
    """Trying again cannot help; the row is parked with this reason for an operator."""
