"""Word documents of a case from the hospital's own templates: checked at upload, filled, previewed.

Pure: bytes in, bytes or values out. No database, no file system, nothing fetched from anywhere; a template
is data, never a program.
"""
