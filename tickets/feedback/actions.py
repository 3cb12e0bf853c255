"""The verbs of feedback; importing this declares them all."""

from tickets.feedback import judging, noting, rectifying, settling

__all__ = ["judging", "noting", "rectifying", "settling"]
