"""torch.nn.utils.rnn: sequences of different lengths."""

from __future__ import annotations

from typing import Any

from ..._absent import module_getattr
from ..._joining import cat, stack
from ..._making import full, tensor
from ..._tensor import Tensor


class PackedSequence:
    """Sequences without their padding. Here a list of them, each (T, F), in the order of the batch."""

    def __init__(self, sequences: list[Tensor]) -> None:
        self.sequences = sequences


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    longest = max(len(one) for one in sequences)
    padded = []
    for one in sequences:
        rest = full((longest - len(one), *one.shape[1:]), padding_value, dtype=one.dtype)
        padded.append(cat([one, rest] if padding_side == "right" else [rest, one]))
    return stack(padded, 0 if batch_first else 1)


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    counts = [int(n) for n in lengths]
    x = input if batch_first else input.transpose(0, 1)
    if min(counts) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if enforce_sorted and counts != sorted(counts, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement"
        )
    return PackedSequence([x[b, :n] for b, n in enumerate(counts)])


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    return PackedSequence(list(sequences))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    padded = pad_sequence(sequence.sequences, True, padding_value)
    if total_length is not None and total_length > padded.shape[1]:
        rest = full(
            (padded.shape[0], total_length - padded.shape[1], *padded.shape[2:]),
            padding_value,
            dtype=padded.dtype,
        )
        padded = cat([padded, rest], 1)
    return padded if batch_first else padded.transpose(0, 1), tensor([len(one) for one in sequence.sequences])


__getattr__ = module_getattr("torch.nn.utils.rnn")
