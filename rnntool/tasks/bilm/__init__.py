"""A forward and a backward language model, to fine-tune from and to embed with (ELMo)."""
