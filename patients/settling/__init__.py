"""Rows from what was said: one module for each sort of row. Called by `patients.feeding` under its locks."""
