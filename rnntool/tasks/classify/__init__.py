"""Classification, many to one: a label for each text."""
