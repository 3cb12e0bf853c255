"""Where cases come from: one member a source, with what is particular to it.

A new source is one file here and one line in `SOURCES`; its periods are rows of `deadline_rule`.
"""

from tickets.sources.base import Source
from tickets.sources.feedback import FEEDBACK
from tickets.sources.hotline import HOTLINE
from tickets.sources.matter_steps import with_matter_steps
from tickets.sources.petition import PETITION
from tickets.sources.secrecy_steps import with_secrecy_steps

SOURCES: dict[str, Source] = {
    source.name: with_secrecy_steps(with_matter_steps(source)) for source in (HOTLINE, PETITION, FEEDBACK)
}
