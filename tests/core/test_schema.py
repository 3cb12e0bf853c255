"""Models and migrations say the same; a migration that ran cannot be changed in silence."""

from pathlib import Path

import pytest
from tortoise import Tortoise

from core import db
from core.migrations import FOLDER, MigrationError, available, migrate


async def test_every_model_names_columns_that_its_table_has(database: object) -> None:
    apps = Tortoise.apps
    assert apps is not None
    rows = await db.fetch(
        "select table_name, column_name from information_schema.columns where table_schema = 'public'"
    )
    there = {(row["table_name"], row["column_name"]) for row in rows}
    named = {
        (str(model._meta.db_table), column)
        for model in apps["models"].values()
        for column in model._meta.fields_db_projection.values()
    }
    assert ("cases", "caller_phone_hash") in named
    assert named - there == set()


async def test_migrations_run_once_in_order_and_refuse_a_file_that_was_changed(
    database_url: str, tmp_path: Path
) -> None:
    assert await migrate(database_url) == []
    for step in available(FOLDER):
        (tmp_path / f"{step.name}.sql").write_text(step.sql)
    (tmp_path / "9000_more.sql").write_text("create table more (id int);")
    assert await migrate(database_url, tmp_path) == ["9000_more"]
    (tmp_path / "9000_more.sql").write_text("create table other (id int);")
    with pytest.raises(MigrationError, match="9000_more"):
        await migrate(database_url, tmp_path)


async def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, tmp_path: Path) -> None:
    for step in available(FOLDER):
        (tmp_path / f"{step.name}.sql").write_text(step.sql)
    (tmp_path / "9001_bad.sql").write_text("create table half (id int); select 1 / 0;")
    with pytest.raises(Exception, match="division by zero"):
        await migrate(database_url, tmp_path)
    (tmp_path / "9001_bad.sql").write_text("create table half (id int);")
    assert await migrate(database_url, tmp_path) == ["9001_bad"]
