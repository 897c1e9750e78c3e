"""Operations below autograd, by what they mean for a random value. The names are those of torch.ops.aten."""

from __future__ import annotations

#: They make random values. For these the arguments give a shape, or the probabilities, but no value.
DRAWS = frozenset(
    "bernoulli bernoulli_ rand rand_like uniform uniform_ randn randn_like normal normal_ exponential exponential_ "
    "randint randint_like randperm multinomial random_ random geometric_ cauchy_ log_normal_ poisson binomial".split()
)
#: Draws whose elements depend on each other, so that their number says nothing of an error.
JOINT_DRAWS = frozenset({"randperm", "multinomial"})

#: They make constants; a tensor among their arguments gives a shape.
MAKES = frozenset(
    "empty empty_like zeros zeros_like ones ones_like full full_like new_empty new_zeros new_ones new_full "
    "empty_strided new_empty_strided zero_ fill_ arange eye scalar_tensor lift_fresh".split()
)
#: The same values in another form.
VIEWS = frozenset(
    "view reshape permute transpose transpose_ t t_ squeeze squeeze_ unsqueeze unsqueeze_ expand alias slice select "
    "detach detach_ clone contiguous _unsafe_view as_strided split split_with_sizes unbind chunk _to_copy flip "
    "copy_ lift_fresh view_as movedim narrow unsafe_chunk unsafe_split diagonal _reshape_alias _pack_padded_sequence "
    "_conj positive set_ unfold".split()
)
#: What a masked value passes through and is still that masked value.
CARRIES = VIEWS | {"cat", "stack", "_softmax", "_log_softmax", "sigmoid"}

MULTIPLIES = frozenset({"mul", "mul_"})
DIVIDES = frozenset({"div", "div_"})
ADDS = frozenset({"add", "add_", "sub", "sub_", "rsub"})
PICKS = frozenset({"where", "masked_fill", "masked_fill_", "lerp", "lerp_"})
#: The first argument is read, or written, at the places that another argument names.
INDEXES = frozenset(
    "index index_select gather take embedding index_put index_put_ _index_put_impl_ index_fill index_fill_ scatter "
    "scatter_ scatter_add scatter_add_ index_add index_add_ index_copy index_copy_ masked_select "
    "masked_scatter masked_scatter_ scatter_reduce scatter_reduce_".split()
)
COMPARES = frozenset(
    "eq ne lt le gt ge isnan isinf logical_not logical_and logical_or logical_xor bitwise_not bitwise_and bitwise_or "
    "bitwise_xor bitwise_and_ bitwise_or_ __and__ __or__ __xor__".split()
)
#: Each element of the result comes from one element of each argument.
ELEMENTWISE = (
    VIEWS - {"unfold"}
    | MULTIPLIES
    | DIVIDES
    | ADDS
    | PICKS
    | COMPARES
    | frozenset(
        {
            "floor",
            "floor_",
            "ceil",
            "round",
            "sign",
            "clamp",
            "neg",
            "reciprocal",
            "exp",
            "log",
            "sqrt",
            "pow",
        }
    )
)
#: Products with a weight, from which an output without another step is a logit.
PRODUCTS = frozenset({"addmm", "mm", "bmm", "matmul", "linear", "convolution", "baddbmm", "mkldnn_linear"})

READ_BY_PYTHON = frozenset({"_local_scalar_dense", "item", "is_nonzero"})
