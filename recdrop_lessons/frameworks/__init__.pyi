from .keras import from_keras as from_keras
from .keras import import_keras as import_keras
from .keras import to_keras as to_keras
from .masks_of_keras import keras_masks as keras_masks
from .masks_of_keras import set_keras_masks as set_keras_masks
from .pyg import from_pyg as from_pyg
from .pytorch import from_torch as from_torch
from .pytorch import to_torch as to_torch
