"""Operations below autograd, by what they mean for a random value.

The names are those of torch.ops.aten, without the underscore of an operation in place.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: They make random values. Their arguments give a shape, or probabilities, but no value.
DRAWS = _names(
    """bernoulli rand rand_like uniform randn randn_like normal exponential randint randint_like randperm
    multinomial random geometric cauchy log_normal poisson binomial"""
)
#: Draws whose elements depend on each other, so that their number says nothing of an error.
JOINT_DRAWS = _names("randperm multinomial")
#: They make constants; a tensor among their arguments gives a shape.
MAKES = _names(
    """empty empty_like zeros zeros_like ones ones_like full full_like new_empty new_zeros new_ones new_full
    empty_strided new_empty_strided zero fill arange eye scalar_tensor lift_fresh"""
)
#: The same values in another form.
VIEWS = _names(
    """view reshape permute transpose t squeeze unsqueeze expand alias slice select detach clone contiguous
    _unsafe_view as_strided split split_with_sizes unbind chunk _to_copy flip copy view_as movedim narrow
    unsafe_chunk unsafe_split diagonal _reshape_alias _pack_padded_sequence _conj positive set unfold"""
)
#: What a masked value passes through and is still that masked value.
CARRIES = VIEWS | _names("cat stack _softmax _log_softmax sigmoid")

MULTIPLIES = _names("mul")
DIVIDES = _names("div")
ADDS = _names("add sub rsub")
PICKS = _names("where masked_fill lerp")
#: The first argument is read, or written, at the places that another argument names.
INDEXES = _names(
    """index index_select gather take embedding index_put _index_put_impl index_fill scatter scatter_add
    index_add index_copy masked_select masked_scatter scatter_reduce"""
)
#: Those that write one value at these places.
FILLS = _names("index_put _index_put_impl index_fill scatter")
COMPARES = _names(
    """eq ne lt le gt ge isnan isinf logical_not logical_and logical_or logical_xor bitwise_not bitwise_and
    bitwise_or bitwise_xor __and__ __or__ __xor__"""
)
#: Each element of the result comes from one element of each argument.
ELEMENTWISE = (VIEWS - {"unfold"}) | MULTIPLIES | DIVIDES | ADDS | PICKS | COMPARES | _names(
    "floor ceil round sign clamp neg reciprocal exp log sqrt pow"
)  # fmt: skip
#: Products with a weight, after which an output is a logit.
PRODUCTS = _names("addmm mm bmm matmul linear convolution baddbmm mkldnn_linear")
#: They hand a value to Python.
READS = _names("_local_scalar_dense item is_nonzero")
