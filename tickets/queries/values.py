"""The values of a statement's parameters, gathered while its text is written; runs nothing."""

from typing import Any


class Values(list[Any]):
    """The values of a statement's parameters."""

    def arg(self, value: Any) -> str:
        """The place of a value in the statement."""
        self.append(value)
        return f"${len(self)}"
