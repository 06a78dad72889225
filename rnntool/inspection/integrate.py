"""An integral over [0, 1] whose total is known, in pieces that are as short as they need to be.

Along the path of integrated gradients the sum over all tokens has a known integral: over every
piece [a, b] it is F(b) - F(a). That alone does not make each token's own share right: where two
steps change places as the maximum of a pooling, the sum may hardly notice. So a piece is halved as
long as its halves do not agree with it, token by token, and its sum with F(b) - F(a).

Shapes: S points, T tokens.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Along = Callable[[Floats], tuple[Floats, Floats]]  # [S] points -> [S] F, [S, T] summands of F'

_PIECES = 2  # to begin with
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)  # of one piece, on [-1, 1]


class Integral(NamedTuple):
    """∫₀¹ of each summand of F'."""

    parts: Floats  # [T]
    start: float  # F(0)
    end: float  # F(1)
    points: int  # at which the gradient was asked for


class _Piece(NamedTuple):
    low: float
    high: float
    parts: Floats  # [T]
    lacking: float  # what the parts' sum lacks of F(high) - F(low), without its sign
    change: float  # half of Σ |parts of the piece that this one is a half of, less both halves'|


def integrate(along: Along, tolerance: float, most: int) -> Integral:
    """Integrate by Gauss-Legendre quadrature, the worst pieces halved again and again.

    Args:
        tolerance: how much all pieces together may lack of |F(1) - F(0)|, and how much the parts
            may change of the sum of their sizes.
        most: points at most; the sum of the parts says how good the result is then.
    """
    known: dict[float, float] = {}
    whole = _measure(along, _equal(0.0, 1.0, _PIECES), known)
    pieces, points = _halved(along, whole, known), 3 * _PIECES * len(_NODES)
    while points < most:
        errors = _errors(pieces, known[1.0] - known[0.0], tolerance)
        if errors.sum() <= 1:
            break
        bad = errors * len(pieces) > 1
        wrong = [piece for piece, too_much in zip(pieces, bad, strict=True) if too_much]
        good = [piece for piece, too_much in zip(pieces, bad, strict=True) if not too_much]
        pieces = good + _halved(along, wrong, known)
        points += 2 * len(wrong) * len(_NODES)
    return Integral(_sum(pieces), known[0.0], known[1.0], points)


def _errors(pieces: list[_Piece], total: float, tolerance: float) -> Floats:
    """Of each piece: 1 would use up all that is tolerated."""
    size = float(np.abs(_sum(pieces)).sum())
    lacking = np.array([piece.lacking for piece in pieces])
    change = np.array([piece.change for piece in pieces])
    smallest = np.finfo(np.float64).tiny
    found: Floats = np.maximum(
        lacking / max(tolerance * abs(total), smallest), change / max(tolerance * size, smallest)
    )
    return found


def _sum(pieces: list[_Piece]) -> Floats:
    return np.asarray(np.sum([piece.parts for piece in pieces], axis=0))


def _equal(low: float, high: float, count: int) -> list[tuple[float, float]]:
    edges = np.linspace(low, high, count + 1).tolist()
    return list(itertools.pairwise(edges))


def _halved(along: Along, wholes: list[_Piece], known: dict[float, float]) -> list[_Piece]:
    bounds = [half for piece in wholes for half in _equal(piece.low, piece.high, 2)]
    halves = _measure(along, bounds, known)
    found = []
    for whole, pair in zip(wholes, zip(halves[::2], halves[1::2], strict=True), strict=True):
        change = float(np.abs(whole.parts - pair[0].parts - pair[1].parts).sum())
        found += [half._replace(change=change / 2) for half in pair]
    return found


def _measure(
    along: Along, bounds: list[tuple[float, float]], known: dict[float, float]
) -> list[_Piece]:
    """Pieces with their integrals; F at their ends goes into `known`."""
    ends = sorted({end for pair in bounds for end in pair} - known.keys())
    nodes = [0.5 * (low + high) + 0.5 * (high - low) * _NODES for low, high in bounds]
    scores, products = along(np.concatenate([ends, *nodes]))
    known.update(zip(ends, scores[: len(ends)].tolist(), strict=True))
    inside = products[len(ends) :].reshape(len(bounds), len(_NODES), -1)
    pieces = []
    for (low, high), own in zip(bounds, inside, strict=True):
        parts: Floats = 0.5 * (high - low) * (_WEIGHTS @ own)
        lacking = abs(known[high] - known[low] - float(parts.sum()))
        pieces.append(_Piece(low, high, parts, lacking, 0.0))
    return pieces
