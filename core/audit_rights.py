"""Two roles of the database: the owner migrates; the application works, and can neither change nor forget an audit line.

Triggers refuse changes too, but whoever owns a table can switch its triggers off; the application's role owns nothing.
Prints or applies the grants; makes nobody an owner and takes no right from the owner (GB/T 22239-2019 8.1.4.3 c).
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

from core import db
from core.settings import SettingsError

WRITTEN_ONCE = ("audit", "audit_default", "audit_seal", "audit_archive")  # read and added to, nothing else
NUMBERS = ("audit_id", "audit_seal_no_seq", "audit_archive_id_seq")
_PARTS = """do $$
declare
    part text;
begin
    for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'audit'::regclass
    loop
        execute format('revoke all on %I from {role}', part);
    end loop;
end $$"""
RIGHTS = ("INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER")
_FORBIDDEN = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def statements(role: str) -> list[str]:
    """The grants of the application's role; run again after each migration, by the owner."""
    who = quoted(role)
    return [
        f"grant usage on schema public to {who}",
        f"revoke create on schema public from public, {who}",
        f"revoke all on all tables in schema public from {who}",
        f"grant select, insert, update, delete on all tables in schema public to {who}",
        f"grant usage, select, update on all sequences in schema public to {who}",
        f"revoke insert, update, delete on schema_migration from {who}",
        f"revoke update, delete on {', '.join(WRITTEN_ONCE)} from {who}",
        f"revoke update on sequence {', '.join(NUMBERS)} from {who}",  # numbers go forward only
        _PARTS.replace("{role}", who),
        "revoke execute on function audit_month(date), audit_drop_month(date) from public",
        f"grant execute on all functions in schema public to {who}",
    ]


async def apply(owner_url: str, role: str, password: str = "") -> None:
    """Grant the application's role what it needs and take the rest away; made first if there is a password for it.

    Raises:
        SettingsError: there is no such role.
        asyncpg.PostgresError: the owner may not do that.
    """
    raw = await asyncpg.connect(owner_url)
    try:
        async with raw.transaction():
            if password:
                await _ensure(raw, role, password)
            elif not await raw.fetchval("select exists (select 1 from pg_roles where rolname = $1)", role):
                raise SettingsError(
                    f"HUIYIN_DATABASE_URL: the database has no role {role!r} yet; create it first"
                )
            for sql in statements(role):
                await raw.execute(sql)
    finally:
        await raw.close()


async def _ensure(raw: "asyncpg.Connection[asyncpg.Record]", role: str, password: str) -> None:
    """The role, with this password. Two programs may start at once, on databases of the same server."""
    await raw.execute("select pg_advisory_xact_lock(hashtext('application role'))")
    there = await raw.fetchval("select exists (select 1 from pg_roles where rolname = $1)", role)
    how = "alter" if there else "create"
    sql = await raw.fetchval(
        f"select format('{how} role %I login password %L', $1::text, $2::text)", role, password
    )
    try:
        async with raw.transaction():
            await raw.execute(sql)
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return


def role_of(url: str) -> str:
    """The role a database address logs in as."""
    return unquote(urlsplit(url).username or "")


def as_role(url: str, role: str, password: str) -> str:
    """The same database for another role."""
    parts = urlsplit(url)
    place = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{quote(role, safe='')}:{quote(password, safe='')}@{place}"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the role that we work as could do to the audit log; `too_much` as "审计表 UPDATE", empty when all is well."""

    role: str
    owner: bool
    too_much: tuple[str, ...]

    @property
    def apart(self) -> bool:
        """Whether the application can neither change nor forget."""
        return not self.owner and not self.too_much


async def standing() -> Standing:
    """Ask the database about the role of this process."""
    row = await db.fetchrow(
        "select current_user as role, rolsuper or pg_has_role(current_user, c.relowner, 'member') as owner"
        " from pg_class c, pg_roles r where c.oid = 'audit'::regclass and r.rolname = current_user"
    )
    rows = await db.fetch(
        "select t || ' ' || p as held from unnest($1::text[]) t, unnest($2::text[]) p"
        " where has_table_privilege(current_user, t, p) order by 1",
        list(WRITTEN_ONCE),
        list(_FORBIDDEN),
    )
    owner = row is None or row["owner"]
    return Standing(row["role"] if row else "", owner, tuple(found["held"] for found in rows))
