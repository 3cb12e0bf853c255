"""What the verbs of one matter need: which other case, and why."""

from pydantic import Field

from core.actions import Form

_WHICH = "编号，例如 20261121-12，或热线工单编号"


class Other(Form):
    """Another case, by the number people say."""

    other: str = Field(
        title="另一件诉求",
        description=_WHICH,
        min_length=1,
        max_length=60,
        json_schema_extra={"widget": "line"},
    )


class Main(Form):
    """The case into which this one is merged, and why."""

    main: str = Field(
        title="主诉求",
        description=f"{_WHICH}；本诉求将由它一并办理和答复",
        min_length=1,
        max_length=60,
        json_schema_extra={"widget": "line"},
    )
    reason: str = Field(
        default="", title="说明", description="可不填", max_length=500, json_schema_extra={"widget": "text"}
    )
