"""What all tasks share around a run directory: training one, opening one, asking one."""
