"""Calls, dial rules, recordings; what a call is about is opaque here."""
