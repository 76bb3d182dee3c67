"""How Alembic reaches the database: as the administrator, acting as atlas_owner."""

from alembic import context
from sqlalchemy import text

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    # What a migration makes belongs to atlas_owner; 0001 steps back to the administrator for what only that may do.
    connection.execute(text("SET ROLE atlas_owner"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("RESET ROLE"))
    connection.commit()
