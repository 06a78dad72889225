"""Text and tokens: tokenizers, normalisation, vocabulary. No files, no torch."""
