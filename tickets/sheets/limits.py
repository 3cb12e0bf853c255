"""How large an imported table may be, and the one error that says no. Holds no reading code."""

import csv
import struct
import zipfile
import zlib
from typing import Final

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_PARTS: Final = 2_000
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 200
MAX_ROW_NUMBER: Final = 1_048_576  # the last row an .xlsx can have
MAX_MERGES: Final = 100_000

# What the readers below us raise on a damaged file: they check little, so damage shows as almost any of
# these. Programming errors of ours on sound files are caught by the tests, which read only sound files.
BROKEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    csv.Error,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class SheetError(Exception):
    """The file cannot be imported; the text is the one sentence the clerk is shown."""
