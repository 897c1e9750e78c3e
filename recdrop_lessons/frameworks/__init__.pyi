from .weights import from_keras as from_keras
from .weights import from_pyg as from_pyg
from .weights import from_torch as from_torch
from .weights import import_keras as import_keras
from .weights import keras_masks as keras_masks
from .weights import set_keras_masks as set_keras_masks
from .weights import to_keras as to_keras
from .weights import to_torch as to_torch
