"""Finds by Alembic's comparison what our tables lack in a database, and adds it. Nothing is ever taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from sqlalchemy import Connection

from flask_cancellations.models import Base, tables
from flask_cancellations.schema.columns import addable


@dataclass(frozen=True)
class Step:
    """What one table lacks: ``texts`` for people, ``operations`` for Alembic, in the order in which they go."""

    table: str
    texts: tuple[str, ...]
    operations: tuple[ops.MigrateOperation, ...]


@dataclass(frozen=True)
class Comparison:
    """``steps`` bring the database up to date; ``left_alone`` is what differs and no addition can mend."""

    steps: tuple[Step, ...]
    left_alone: tuple[str, ...]


def compare(connection: Connection) -> Comparison:
    """Compare our tables with the database; tables of the host are not even looked at."""
    names = {table.name for table in tables()}

    def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or name in names

    options = {"include_name": is_ours, "target_metadata": Base.metadata, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    found = produce_migrations(context, Base.metadata).upgrade_ops
    assert found is not None
    steps: list[Step] = []
    left_alone: list[str] = []
    created: set[str] = set()
    for operation in found.ops:
        if isinstance(operation, ops.CreateTableOp):
            created.add(operation.table_name)
            steps.append(Step(operation.table_name, (f"table {operation.table_name}",), (operation,)))
        elif isinstance(operation, ops.ModifyTableOps):
            step, differing = _modification(operation, connection.dialect.name)
            left_alone.extend(differing)
            if step.operations:
                # The indexes of a new table go without saying.
                steps.append(step if step.table not in created else Step(step.table, (), step.operations))
    return Comparison(tuple(steps), tuple(left_alone))


def add(connection: Connection, step: Step) -> None:
    """Carry out one step. On SQLite a constraint means copying the table, which is what Alembic's batch does."""
    operations = Operations(MigrationContext.configure(connection))
    if isinstance(step.operations[0], ops.CreateTableOp):
        operations.invoke(step.operations[0])
        return
    with operations.batch_alter_table(step.table) as batch:
        for operation in step.operations:
            batch.invoke(operation)


def _modification(found: ops.ModifyTableOps, dialect: str) -> tuple[Step, list[str]]:
    table = Base.metadata.tables[found.table_name]
    # A changed index or constraint is an old one to drop and a new one of the same name.
    taken = {
        _name(operation) for operation in found.ops if isinstance(operation, (ops.DropIndexOp, ops.DropConstraintOp))
    }
    texts: list[str] = []
    additions: list[ops.MigrateOperation] = []
    left_alone: list[str] = []
    for operation in found.ops:
        match operation:
            case ops.AddColumnOp():
                column = addable(table, operation.column.name, dialect)
                texts.append(f"column {table.name}.{column.name}" + (" (nullable)" if column.nullable else ""))
                additions.append(ops.AddColumnOp(table.name, column))
            case ops.AlterColumnOp():
                left_alone.append(f"column {table.name}.{operation.column_name} {_difference(operation)}")
            case ops.CreateIndexOp() | ops.CreateUniqueConstraintOp() | ops.CreateForeignKeyOp():
                if (name := _name(operation)) in taken:
                    left_alone.append(f"{_kind(operation)} {name} on {table.name} is made otherwise")
                else:
                    texts.append(f"{_kind(operation)} {name} on {table.name}")
                    additions.append(operation)
    return Step(table.name, tuple(texts), tuple(additions)), left_alone


def _name(operation: Any) -> str:
    return str(operation.index_name if hasattr(operation, "index_name") else operation.constraint_name)


def _kind(operation: ops.MigrateOperation) -> str:
    if isinstance(operation, ops.CreateIndexOp):
        return "index"
    return "unique constraint" if isinstance(operation, ops.CreateUniqueConstraintOp) else "foreign key"


def _difference(operation: ops.AlterColumnOp) -> str:
    if operation.modify_type is not None:
        return f"is {operation.existing_type!r}, not {operation.modify_type!r}"
    if operation.modify_nullable is not None:
        return "takes no NULL" if operation.modify_nullable else "takes NULL"
    return "is made otherwise"
