"""Sheets that bring data of staff and units in: cells in, lines with faults out; opens no file."""
