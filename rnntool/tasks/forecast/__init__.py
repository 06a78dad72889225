"""The next values of a series: many to one, with numbers."""
