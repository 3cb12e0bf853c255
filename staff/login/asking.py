"""What a log-in asks for after its first step; each way says so for a person. Checks nothing."""

from enum import StrEnum


class Asks(StrEnum):
    """The second step, or what must be set up once one is in."""

    NOTHING = ""
    SET_UP = "set_up"  # a second factor, which this person must have and has not
    CODE = "code"  # of the app, or a recovery code
    PASSWORD = "password"  # noqa: S105 - the name of a step
