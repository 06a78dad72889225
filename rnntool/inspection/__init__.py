"""Looking at a machine, a run, a model. No training."""
