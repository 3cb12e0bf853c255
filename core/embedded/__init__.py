"""Real PostgreSQL and a Redis-compatible server under one folder, for demonstration, development and tests.

Used when no server is configured. A production system names its own servers and never comes here.
"""

from core.embedded.errors import EmbeddedError
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.redis import EmbeddedRedis

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedRedis"]
