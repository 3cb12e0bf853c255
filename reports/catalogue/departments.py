"""Departments ranked: a case is counted where its leading department stands, or on its campus while it has none."""

from reports.catalogue.base import Statistic, Table
from reports.catalogue.reworks import REWORK
from reports.catalogue.satisfaction import SATISFIED
from reports.catalogue.timeliness import ON_TIME
from reports.catalogue.volume import AVERAGE, CONCLUDED, RECEIVED

DEPARTMENTS = Statistic(
    "departments",
    "院区与科室",
    tables=(
        Table("site", "院区", "site", (RECEIVED, CONCLUDED, ON_TIME, SATISFIED), "columns", whole=True),
        Table(
            "place", "主办科室排名", "place", (RECEIVED, CONCLUDED, AVERAGE, ON_TIME, SATISFIED, REWORK), "bars",
            whole=True, top=True,
        ),
    ),
)  # fmt: skip
