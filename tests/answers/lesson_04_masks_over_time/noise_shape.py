"""Right and wrong answers to 4.2."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def dictionary(name, batch, time, features):
    return {
        "Dropout": (batch, time, features),
        "SpatialDropout1D": (batch, 1, features),
        "whole steps": (batch, time, 1),
        "one for the batch": (1, time, features),
    }[name]


@bank.right
def change_one(name, batch, time, features):
    shape = [batch, time, features]
    axis = {"SpatialDropout1D": 1, "whole steps": 2, "one for the batch": 0}.get(name)
    if axis is not None:
        shape[axis] = 1
    return tuple(shape)


@bank.right
def torch_size(name, batch, time, features):
    return torch.empty(dictionary(name, batch, time, features), device="meta").shape


def _entry(name, shape):
    def answer(name_, batch, time, features):
        return shape(batch, time, features) if name_ == name else dictionary(name_, batch, time, features)

    return lambda name, batch, time, features: answer(name, batch, time, features)


for slug, name, shape in (
    ("spatial-drops-channels", "SpatialDropout1D", lambda b, t, f: (b, t, 1)),
    ("whole-steps-share-features", "whole steps", lambda b, t, f: (b, 1, f)),
    ("whole-steps-share-features", "whole steps", lambda b, t, f: (b, t, f)),
    ("dropout-is-element-wise", "Dropout", lambda b, t, f: (b, t, 1)),
    ("one-mask-for-all-steps", "one for the batch", lambda b, t, f: (1, 1, f)),
    ("mask-per-row", "one for the batch", lambda b, t, f: (b, 1, 1)),
    ("sizes-exchanged", "Dropout", lambda b, t, f: (b, f, t)),
    ("other-axes-shared", "Dropout", lambda b, t, f: (1, 1, f)),
    ("other-axes-shared", "SpatialDropout1D", lambda b, t, f: (b, 1, 1)),
    ("other-axes-shared", "whole steps", lambda b, t, f: (1, t, f)),
    ("other-axes-shared", "one for the batch", lambda b, t, f: (b, t, 1)),
    ("nothing-returned", "Dropout", lambda b, t, f: None),
    ("none-for-size", "SpatialDropout1D", lambda b, t, f: (None, 1, f)),
    ("none-for-size", "Dropout", lambda b, t, f: [None, None, None]),
    ("none-for-size", "whole steps", lambda b, t, f: (None, None)),
    ("size-for-sharing", "whole steps", lambda b, t, f: (b, t)),
    ("wrong-kind", "one for the batch", lambda b, t, f: (1.0, t, f)),
):
    bank.wrong(slug)(_entry(name, shape))


@bank.wrong("wrong-kind")
def a_tensor(name, batch, time, features):
    return torch.tensor(dictionary(name, batch, time, features))


@bank.wrong("size-for-sharing")
def two_entries(name, batch, time, features):
    return {
        "Dropout": (batch, time, features),
        "SpatialDropout1D": (batch, features),
        "whole steps": (batch, time),
        "one for the batch": (time, features),
    }[name]


@bank.wrong("noise-shape-inverted")
def one_draw_of_dropout(name, batch, time, features):
    return (1, 1, 1) if name == "Dropout" else dictionary(name, batch, time, features)


@bank.wrong("none-for-size")
def as_keras_takes_it(name, batch, time, features):
    shape = dictionary(name, batch, time, features)
    return tuple(1 if one == 1 else None for one in shape)


@bank.wrong("sizes-exchanged")
def time_first(name, batch, time, features):
    b, t, f = dictionary(name, batch, time, features)
    return t, b, f


@bank.wrong("one-mask-for-batch")
def spatial_dropout_shares_batch(name, batch, time, features):
    return {
        "Dropout": (batch, time, features),
        "SpatialDropout1D": (1, 1, features),
        "whole steps": (batch, time, 1),
    }.get(name, (1, time, features))


@bank.wrong("one-mask-for-batch")
def every_layer_shares_batch(name, batch, time, features):
    without_batch = {
        "Dropout": (time, features),
        "SpatialDropout1D": (1, features),
        "whole steps": (time, 1),
        "one for the batch": (time, features),
    }
    return (1,) + without_batch[name]


@bank.wrong("spatial-drops-channels")
def spatial_dropout_shares_features(name, batch, time, features):
    shared = {"Dropout": [], "SpatialDropout1D": [2], "whole steps": [2], "one for the batch": [0]}[name]
    return tuple(1 if axis in shared else size for axis, size in enumerate((batch, time, features)))


@bank.wrong("one-mask-for-all-steps")
def one_for_the_batch_shares_time_too(name, batch, time, features):
    shape = [batch, time, features]
    if name == "SpatialDropout1D":
        shape[1] = 1
    if name == "whole steps":
        shape[2] = 1
    if name == "one for the batch":
        shape[0] = shape[1] = 1
    return tuple(shape)
