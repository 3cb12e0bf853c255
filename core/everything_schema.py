"""The schema as a document, from the database itself and from what the migrations say of it. Changes nothing.

Tables, columns with type and meaning, keys, checks; in English as the migrations are, for whoever moves the data elsewhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from core.migrations import FOLDER
from core.rotation import PLACES

# What opens doors is no record of the hospital's: it stays where it is.
WITHHELD_TABLES = frozenset(
    {
        "session", "login_pending", "login_state", "captcha", "bind_code", "password_history", "recovery_code",
        "integration_token", "ca_challenge", "ca_nonce", "link", "feed_token", "portal_session", "portal_code",
        "card_challenge",
    }
)  # fmt: skip
WITHHELD_COLUMNS = frozenset(
    {
        "password_hash", "totp_secret", "totp_pending", "totp_step", "token_hash", "secret_hash",
        "feed_link.secret", "terminal.bridge_key", "card_copy.response_code",
    }
)  # fmt: skip
_TABLE = re.compile(r"create (?:unlogged )?table (?:if not exists )?(\w+)[^(]*\($", re.IGNORECASE)
_ALTER = re.compile(r"alter table (\w+)", re.IGNORECASE)
_COLUMN = re.compile(r"^\s+(?:add column )?(\w+) [a-z].*?--\s*(.+)$", re.IGNORECASE)


def withheld(table: str, column: str) -> bool:
    """Whether a column only opens doors: by its name, or by its name in this table."""
    return not WITHHELD_COLUMNS.isdisjoint({column, f"{table}.{column}"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue describes it."""

    name: str
    type: str
    required: bool
    default: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `rules` are its keys and checks as the database prints them."""

    name: str
    columns: tuple[Column, ...]
    rules: tuple[str, ...]


async def read(raw: "asyncpg.Connection[asyncpg.Record]") -> list[Table]:
    """Every table of ours (a partitioned one once), by name."""
    rows = await raw.fetch(
        "select c.oid, c.relname from pg_class c where c.relnamespace = 'public'::regnamespace"
        " and c.relkind in ('r', 'p') and not c.relispartition order by c.relname"
    )
    found = []
    for row in rows:
        columns = await raw.fetch(
            "select a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull,"
            " coalesce(pg_get_expr(d.adbin, d.adrelid), '') as made from pg_attribute a"
            " left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum"
            " where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum",
            row["oid"],
        )
        rules = await raw.fetch(
            "select pg_get_constraintdef(oid) as said from pg_constraint where conrelid = $1 and contype <> 'n'"
            " order by contype <> 'p', conname",
            row["oid"],
        )
        found.append(
            Table(
                row["relname"],
                tuple(Column(one["attname"], one["type"], one["attnotnull"], one["made"]) for one in columns),
                tuple(one["said"] for one in rules),
            )
        )
    return found


def meanings() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """What the migrations' own comments say: of tables (the lines above them) and of columns (behind them)."""
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    for path in sorted(FOLDER.glob("*.sql")):
        above: list[str] = []
        table = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("--"):
                above.append(line.removeprefix("--").strip())
                continue
            if made := _TABLE.match(line):
                table = made[1]
                if above:
                    tables.setdefault(table, " ".join(above))
            elif changed := _ALTER.match(line):
                table = changed[1]
            elif said := _COLUMN.match(line):
                columns.setdefault((table, said[1]), said[2].strip())
            above = []
    return tables, columns


def document(shape: Sequence[Table], *, opened: bool) -> str:
    """SCHEMA.md."""
    tables, columns = meanings()
    sealed = {(place.table, place.column) for place in PLACES}
    left_out = (
        f"Not in the export, because it opens doors and records nothing: {', '.join(sorted(WITHHELD_TABLES))}; "
        f"columns {', '.join(sorted(WITHHELD_COLUMNS))}."
    )
    lines = [
        "# The schema of this export",
        "",
        "`tables/<name>.jsonl.gz` holds one row a line as a JSON object. Times are UTC (ISO 8601), days are days in "
        "Asia/Shanghai, bytes are hexadecimal behind `\\x`. A sealed column is "
        + (
            "opened: its value is plain text."
            if opened
            else "encrypted (two bytes of key id and algorithm, nonce, text, tag) and opens with the hospital's keys alone."
        ),
        "Kept files lie under `files/` by the sha256 that `stored_file` names.",
        "",
        left_out,
        "",
    ]
    for table in shape:
        if table.name in WITHHELD_TABLES:
            continue
        lines += [f"## {table.name}", ""]
        if table.name in tables:
            lines += [tables[table.name], ""]
        lines += ["| column | type | required | meaning |", "|---|---|---|---|"]
        for column in table.columns:
            if withheld(table.name, column.name):
                continue
            said = [columns.get((table.name, column.name), "")]
            if (table.name, column.name) in sealed:
                said.append("sealed")
            if column.default and not column.default.startswith("nextval"):
                said.append(f"default {column.default}")
            words = "; ".join(filter(None, said)).replace("|", "\\|")
            lines.append(f"| {column.name} | {column.type} | {'yes' if column.required else ''} | {words} |")
        lines += ["", *(f"- `{rule}`" for rule in table.rules), ""]
    return "\n".join(lines)
