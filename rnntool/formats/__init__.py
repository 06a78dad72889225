"""File types, one per module: `read_…`, `write_…`; as streams, written completely or not at all."""
