"""Where cases come from: one member a source, with what is particular to it.

A new source is one file here and one line in `SOURCES`; its periods are rows of `deadline_rule`.
"""

from tickets.sources.base import Source
from tickets.sources.feedback import FEEDBACK
from tickets.sources.hotline import HOTLINE
from tickets.sources.petition import PETITION

SOURCES: dict[str, Source] = {source.name: source for source in (HOTLINE, PETITION, FEEDBACK)}
