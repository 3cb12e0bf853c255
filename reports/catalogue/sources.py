"""Where matters come from: sources, channels, and of which type they are."""

from reports.catalogue.base import Statistic, Table
from reports.catalogue.volume import AVERAGE, CONCLUDED, RECEIVED

SOURCES = Statistic(
    "sources",
    "来源、渠道与诉求类型",
    tables=(
        Table("source", "来源", "source", (RECEIVED, CONCLUDED), "ring", whole=True),
        Table("channel", "渠道", "channel", (RECEIVED,), "ring", whole=True),
        Table("type", "诉求类型", "type", (RECEIVED, CONCLUDED, AVERAGE), "columns", whole=True),
    ),
)
