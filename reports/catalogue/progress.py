"""How far the matters received in the period are by now."""

from reports.catalogue.base import Statistic, Table
from reports.catalogue.volume import RECEIVED

PROGRESS = Statistic(
    "progress", "办理进度", tables=(Table("state", "当前状态", "state", (RECEIVED,), "ring", whole=True),)
)
