"""What the page of a case shows beside the main road, a panel each: petitions, feedback, the matter, secrecy.

A new panel is one file here, its template, and one line in `PANELS`. A panel of which there is nothing to show to
this person gives None.
"""

from console.case_panels.base import Panel
from console.case_panels.feedback import FEEDBACK
from console.case_panels.matter import MATTER
from console.case_panels.petition import PETITION
from console.case_panels.privacy import PRIVACY
from console.case_panels.secrecy import SECRECY

PANELS: tuple[Panel, ...] = (
    SECRECY,
    PRIVACY,
    MATTER,
    PETITION,
    FEEDBACK,
)
