"""A label for each text: many to one."""
