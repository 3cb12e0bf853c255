"""What matters are about: categories of all levels, the most frequent first."""

from reports.catalogue.base import Statistic, Table
from reports.catalogue.volume import RECEIVED

TOPICS = Statistic(
    "topics",
    "问题分类",
    tables=(Table("category", "问题分类（多级）", "category", (RECEIVED,), "bars", whole=True, top=True),),
)
