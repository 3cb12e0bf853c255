"""The synthetic sample hospital; never a real person, never run against a real hospital's data."""
