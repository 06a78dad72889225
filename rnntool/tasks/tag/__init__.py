"""Tagging, many to many and aligned: a tag for each token."""
