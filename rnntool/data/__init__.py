"""Corpora as numbers: encoding, splitting, batches. No torch, no models."""
