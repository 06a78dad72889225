"""Adaptive integration over [0, 1] of several summands whose total is known.

Along the path of integrated gradients the integral of the sum over all tokens is known: for every
piece [a, b] it is F(b) - F(a). A right sum does not mean that each token's part is right: if the
maximum of a pooling moves to another step, the sum may hardly change. So a piece is halved until
its halves agree with it, token by token, and its sum agrees with F(b) - F(a).

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

_PIECES = 2  # number of pieces at the start
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)  # for one piece, on [-1, 1]


class Integral(NamedTuple):
    """∫₀¹ of each summand of F'."""

    parts: Floats  # [T]
    start: float  # F(0)
    end: float  # F(1)
    points: int  # number of points where the gradient was computed


class _Piece(NamedTuple):
    low: float
    high: float
    parts: Floats  # [T]
    lacking: float  # |F(high) - F(low) - sum of the parts|
    change: float  # half of Σ |parts of the halved piece - parts of both halves|


def integrate(along: Along, tolerance: float, most: int) -> Integral:
    """Integrate by Gauss-Legendre quadrature; the worst pieces are halved repeatedly.

    Args:
        tolerance: largest error of all pieces together relative to |F(1) - F(0)|, and largest
            change of the parts relative to the sum of their absolute values.
        most: maximum number of points; if it is reached, the sum of the parts shows the error.
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
    """The error of each piece; 1 is the whole tolerance."""
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
    """Pieces with their integrals; F at their ends is stored in `known`."""
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
