"""A forward and a backward language model (ELMo), for fine-tuning and for vectors of tokens."""
