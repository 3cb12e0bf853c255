"""System parameters: declared in code with type, range and default, changed by an administrator, kept in a table.

A package declares its parameters beside the code that reads them; a bad value is refused at entry.
"""

from dataclasses import dataclass

from core import audit, db
from core.actor import Actor
from core.errors import Fault, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `kind` is int, text or bool; `low` and `high` bound an int, `choices` a text; `source` is
    where the rule comes from; a value below `low` is refused in the name of `law`.
    """

    name: str
    label: str
    kind: type[int] | type[str] | type[bool]
    default: int | str | bool
    low: int | None = None
    high: int | None = None
    unit: str = ""
    source: str = ""
    choices: tuple[str, ...] = ()
    law: str = ""

    def parse(self, text: str) -> int | str | bool:
        """The value of `text`.

        Raises:
            Invalid: with the reason.
        """
        if self.kind is bool:
            if text not in ("true", "false"):
                raise self._bad(text, "只能是 true 或 false")
            return text == "true"
        if self.kind is str:
            if self.choices and text not in self.choices:
                raise self._bad(text, f"只能是 {'、'.join(self.choices)}")
            return text
        if not text.strip().lstrip("-").isdigit():
            raise self._bad(text, "必须是整数")
        number = int(text)
        if self.law and self.low is not None and number < self.low:
            raise self._bad(text, f"不能小于 {self.low}：{self.law}")
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            raise self._bad(text, f"应在 {self.low} 到 {self.high} 之间")
        return number

    def _bad(self, text: str, reason: str) -> Invalid:
        return Invalid(
            f"{self.label}：{reason}",
            details=[Fault(field=self.name, label=self.label, reason=reason, value=text)],
        )


REGISTER: dict[str, Parameter] = {}


def declare(parameter: Parameter) -> Parameter:
    """Add a parameter to the register."""
    if parameter.name in REGISTER:
        raise ValueError(f"parameter {parameter.name} is declared twice")
    REGISTER[parameter.name] = parameter
    return parameter


async def value(parameter: Parameter) -> int | str | bool:
    """The value in force."""
    text = await db.fetchval("select value from parameter where name = $1", parameter.name)
    return parameter.default if text is None else parameter.parse(text)


async def number(parameter: Parameter) -> int:
    """The value in force of an int parameter."""
    return int(await value(parameter))


async def change(name: str, text: str, *, by: Actor) -> None:
    """Set a parameter; audited.

    Raises:
        Invalid: the value does not fit.
    """
    parameter = REGISTER.get(name)
    if parameter is None:
        raise NotFound
    parameter.parse(text)
    async with db.transaction():
        before = await db.fetchval("select value from parameter where name = $1 for update", name)
        await db.execute(
            "insert into parameter (name, value, changed_by) values ($1, $2, $3)"
            " on conflict (name) do update set value = $2, changed_by = $3, changed_at = now()",
            name,
            text,
            by.name,
        )
        await audit.record(by, "parameter.change", "parameter", None, name=name, before=before, after=text)
