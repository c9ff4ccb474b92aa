"""Alike texts in groups, and the process that finds them (``python -m nlu.grouping``).

Texts are vectors of the same features that intents are learnt from, weighted by how rare they are among
these texts. A text with many neighbours becomes the middle of a group, and every other joins the middle it
is most like: so whatever is in a group is like its middle, and no chain of small steps joins what is not alike.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from nlu.features import COMPARED, SHARES, Reader

ALIKE = 0.36
"""Cosine from which two texts are alike. On the demo's phrasings it puts few of different articles together."""
_COMMONEST = 0.15  # features in more of the texts than this say nothing, and cost most of the time
_RARE_ENOUGH = 40  # but never those in fewer texts than this
_ROWS = 512  # compared at once


def group(texts: Sequence[str], alike: float = ALIKE) -> list[tuple[int, ...]]:
    """The groups of `texts`, largest first (see `Grouping.group`)."""
    reader = Reader()
    forms = [tuple(reader.words(text)) or (text.strip(),) for text in texts]
    places: dict[tuple[str, ...], list[int]] = {}
    for place, form in enumerate(forms):
        places.setdefault(form, []).append(place)
    owners = _owners(_matrix(reader, list(places)), np.array(list(map(len, places.values()))), alike)
    groups: dict[int, list[int]] = {}
    same = list(places.values())
    for number in np.argsort(owners != np.arange(len(owners)), kind="stable"):
        groups.setdefault(int(owners[number]), []).extend(same[number])
    return sorted((tuple(found) for found in groups.values()), key=lambda found: (-len(found), found[0]))


def _matrix(reader: Reader, forms: Sequence[tuple[str, ...]]) -> Any:
    """One row a form, of length one."""
    from scipy import sparse  # noqa: PLC0415 — only the process needs it

    grams = [reader.grams(form) for form in forms]
    blocks = [_block([gram[number] for gram in grams], share) for number, share in enumerate(SHARES[:COMPARED])]
    joined = sparse.hstack(blocks, format="csr", dtype=np.float32)
    lengths = np.sqrt(np.asarray(joined.multiply(joined).sum(1)).ravel())
    return sparse.diags_array(1.0 / np.maximum(lengths, 1e-9)).astype(np.float32) @ joined


def _block(rows: Sequence[Counter[str]], share: float) -> Any:
    """The rows' features by rarity, each row of length `share`; what is in too many rows is left out."""
    from scipy import sparse  # noqa: PLC0415 — as above

    spread = Counter(name for row in rows for name in row)
    most = max(_RARE_ENOUGH, len(rows) * _COMMONEST)
    columns = {name: number for number, name in enumerate(name for name, count in spread.items() if count <= most)}
    starts, indices, values = [0], [], []
    for row in rows:
        known = [(columns[name], count * np.log(1 + len(rows) / spread[name])) for name, count in row.items()
                 if name in columns]  # fmt: skip
        length = float(np.sqrt(sum(weight * weight for _, weight in known))) or 1.0
        indices += [number for number, _ in known]
        values += [share * weight / length for _, weight in known]
        starts.append(len(indices))
    return sparse.csr_array((np.array(values, np.float32), indices, starts), shape=(len(rows), max(len(columns), 1)))


def _owners(matrix: Any, sizes: NDArray[np.int64], alike: float) -> NDArray[np.int64]:
    """For each row the row in the middle of its group."""
    turned = matrix.T.tocsc()
    near: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
    for begin in range(0, matrix.shape[0], _ROWS):
        cosines = (matrix[begin : begin + _ROWS] @ turned).toarray()
        for row in cosines:
            found = np.flatnonzero(row >= alike)
            near.append((found, row[found]))
    weight = np.array([sizes[found].sum() for found, _ in near])
    middle = np.zeros(len(near), np.bool_)
    taken = np.zeros(len(near), np.bool_)
    for number in np.argsort(-weight, kind="stable"):
        if not taken[number]:
            middle[number] = True
            taken[near[number][0]] = True
    owners = np.arange(len(near))
    for number, (found, cosines) in enumerate(near):
        middles = middle[found]
        if not middle[number] and middles.any():
            owners[number] = found[middles][cosines[middles].argmax()]
    return owners


def work(source: BinaryIO, target: BinaryIO) -> None:
    """Read a JSON list of texts, write the groups."""
    target.write(msgspec.json.encode(group(msgspec.json.decode(source.read(), type=list[str]))))
    target.flush()


if __name__ == "__main__":
    work(sys.stdin.buffer, sys.stdout.buffer)
