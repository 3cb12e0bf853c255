"""Imports of sheets with orders: read and shown first, then taken over in chunks by the road of every order."""
