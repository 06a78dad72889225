"""File types, one a module: `read_…`, `write_…`, as streams, and whole or not at all."""
