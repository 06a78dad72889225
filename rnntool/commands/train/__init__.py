"""`rnntool train TASK`."""

from rnntool.commands._command import new_app
from rnntool.commands.train.classify import register as register_classify
from rnntool.commands.train.lm import register as register_lm

app = new_app("Train a recurrent network.")
register_classify(app)
register_lm(app)


@app.callback(no_args_is_help=True)
def _tasks() -> None:
    """Train a recurrent network; `rnntool train TASK --help` shows a task's settings."""
