"""Forecasting, many to one with numbers: the next values of a series."""
