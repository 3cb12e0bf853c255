"""The strings behind the stage: what tests and the page use to play people and to order trouble.

JSON in, JSON out; documented in ``sandbox/README.md``. Never part of a vendor's protocol.
"""

from sandbox.control.routes import ROUTES

__all__ = ["ROUTES"]
