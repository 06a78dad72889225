"""Tasks: data, model, loss and metric together."""
