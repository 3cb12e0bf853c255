"""All invented hotline orders: complaints and reports, then requests, questions, suggestions and praise."""

from sample.story import Story, Told
from sample.texts_complaints import COMPLAINTS
from sample.texts_requests import REQUESTS

__all__ = ["TEXTS", "Story", "Told"]

TEXTS: tuple[Story, ...] = (*COMPLAINTS, *REQUESTS)
