"""Products of sparse rows with each other, as a dense matrix.

Almost every two phrases share some letters, so the result is full, and what a sparse product spends is spent
on the few features that most phrases have. Those go through one dense product, the many rare ones through a
sparse one: a quarter of the time of either alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nlu.features import Floats

_COMMON = 0.04  # features of more rows than this share are multiplied densely


def products(rows: Any, others: Any) -> Floats:
    """The inner product of each of the sparse `rows` with each of the `others`: len(rows) × len(others)."""
    mine = rows.tocsc()
    theirs = mine if others is rows else others.tocsc()
    common = np.diff(theirs.indptr) > _COMMON * others.shape[0]
    many, few = np.flatnonzero(common), np.flatnonzero(~common)
    dense = mine[:, many].toarray()
    result: Floats = dense @ (dense if theirs is mine else theirs[:, many].toarray()).T
    result += (mine[:, few].tocsr() @ theirs[:, few].tocsr().T).toarray()
    return result
