"""The statistics there are, in the order of the page: one member a file.

A new one is one file here and one line in `CATALOGUE`; docs/recipes/add-a-statistic.md walks through it.
"""

from reports.catalogue.ageing import AGEING
from reports.catalogue.base import Figure, Statistic, Table
from reports.catalogue.departments import DEPARTMENTS
from reports.catalogue.progress import PROGRESS
from reports.catalogue.repeats import REPEATS
from reports.catalogue.response import RESPONSE
from reports.catalogue.reworks import REWORKS
from reports.catalogue.satisfaction import SATISFACTION
from reports.catalogue.sources import SOURCES
from reports.catalogue.timeliness import TIMELINESS
from reports.catalogue.topics import TOPICS
from reports.catalogue.validity import VALIDITY
from reports.catalogue.volume import VOLUME
from reports.catalogue.workload import WORKLOAD

__all__ = ["CATALOGUE", "Figure", "Statistic", "Table"]

CATALOGUE: tuple[Statistic, ...] = (
    VOLUME,
    TIMELINESS,
    RESPONSE,
    SATISFACTION,
    SOURCES,
    TOPICS,
    DEPARTMENTS,
    VALIDITY,
    PROGRESS,
    REWORKS,
    REPEATS,
    AGEING,
    WORKLOAD,
)
