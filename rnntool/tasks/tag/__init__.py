"""A tag for each token: many to many, aligned."""
