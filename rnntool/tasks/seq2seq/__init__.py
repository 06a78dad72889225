"""A text for each text: many to many, by an encoder and a decoder."""
