"""Reading the tables that hotline platforms export: files in, orders and faults out.

Pure: no database, no decision about what is new or double, and no file is ever executed or opened by an
office program.
"""
