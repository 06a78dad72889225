"""The picture of `inspect-grad`: the norm of the gradient at each step back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnntool.inspection.fonts import legible
from rnntool.inspection.gradient_flow import Flow, LayerFlow
from rnntool.inspection.pictures import finish, start
from rnntool.inspection.token_axis import name_tokens, width_for
from rnntool.tables import shown_token


def draw_flows(flows: Sequence[Flow], path: str) -> None:
    """Draw ‖∂L/∂h_t‖ on a log scale, one line for each model and layer.

    A single text is drawn in reading order with its tokens at the axis. A mean over texts is drawn
    by steps back from the last step, which is at the left.
    """
    tokens = _tokens(flows)
    figure, (axes,) = start(path, (width_for(tokens, 7), 4.2))
    for flow in flows:
        for layer in flow.layers:
            norms = _in_order(layer, layer.gradient) if tokens else layer.gradient
            name = _name(flow, layer, alone=len(flows) == 1)
            axes.plot(range(len(norms)), norms, marker=".", label=legible(name))
    axes.set_yscale("log")
    axes.set_title(legible(f"Gradient of the loss, back through time{_what(flows)}"))
    axes.set_ylabel("norm of the gradient  ‖∂L/∂h‖")
    axes.margins(x=0.02)
    if tokens:
        _name_steps(axes, flows, tokens)
    else:
        axes.set_xlabel("steps back in time")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes.grid(alpha=0.3)
    finish(figure, path)


def _tokens(flows: Sequence[Flow]) -> list[str]:
    """The tokens in order if all flows are of the same text, otherwise nothing."""
    texts = [_in_order(layer, layer.tokens) for flow in flows for layer in flow.layers]
    return texts[0] if all(text == texts[0] for text in texts) else []


def _in_order(layer: LayerFlow, values: list[Any]) -> list[Any]:
    """Values by steps back, in the order of the text."""
    return values[::-1] if layer.direction == "forward" else values


def _name_steps(axes: Any, flows: Sequence[Flow], tokens: list[str]) -> None:
    name_tokens(axes, tokens)
    axes.set_xlabel("tokens, in the order of the text")
    if all(layer.direction == "forward" for flow in flows for layer in flow.layers):
        last = len(tokens) - 1
        above = axes.secondary_xaxis("top", functions=(lambda x: last - x, lambda x: last - x))
        above.xaxis.get_major_locator().set_params(integer=True)
        above.set_xlabel("steps back in time")


def _name(flow: Flow, layer: LayerFlow, alone: bool) -> str:
    place = f"layer {layer.layer} {layer.direction}"
    if alone:
        return place  # the title has the model's name
    return f"{_own(flow)}, {place}" if len(flow.layers) > 1 else _own(flow)


def _own(flow: Flow) -> str:
    return Path(flow.name).name or flow.name  # the name of a run, not its path


def _what(flows: Sequence[Flow]) -> str:
    """A second line of the title: the model if there is only one, and the target of the loss."""
    parts = [_own(flows[0])] if len(flows) == 1 else []
    asked = {flow.target for flow in flows}
    if len(asked) == 1 and (target := asked.pop()) is not None:
        parts.append(f"loss of {shown_token(target)!r}")
    if flows[0].texts > 1:
        parts.append(f"mean over {flows[0].texts:,} texts")
    return "\n" + ", ".join(parts) if parts else ""
