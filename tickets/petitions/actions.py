"""The verbs of petitions. Importing this declares them all."""

from tickets.petitions import accepting, deciding, delivering, filing, reviewing

__all__ = ["accepting", "deciding", "delivering", "filing", "reviewing"]
