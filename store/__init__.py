"""PostgreSQL, the record: tables, writes under business keys, and read models."""
