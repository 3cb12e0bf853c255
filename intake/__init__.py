"""Doors for machines: raw row first, then process, then answer; never a business rule of its own."""
