"""`rnntool train TASK`."""

from rnntool.commands._command import new_app
from rnntool.commands.train.bilm import register as register_bilm
from rnntool.commands.train.caption import register as register_caption
from rnntool.commands.train.classify import register as register_classify
from rnntool.commands.train.forecast import register as register_forecast
from rnntool.commands.train.lm import register as register_lm
from rnntool.commands.train.seq2seq import register as register_seq2seq
from rnntool.commands.train.tag import register as register_tag

app = new_app("Train a recurrent network.")
register_classify(app)
register_lm(app)
register_bilm(app)
register_tag(app)
register_seq2seq(app)
register_caption(app)
register_forecast(app)


@app.callback(no_args_is_help=True)
def _tasks() -> None:
    """Train a recurrent network; `rnntool train TASK --help` shows a task's settings."""
