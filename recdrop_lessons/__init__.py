"""recdrop_lessons: what dropout in recurrent and graph networks really does, in code that can be read.

One algebra, site × sharing × noise × fill, says every method; see `drops` and `variants`.
"""

from . import variants
from .cells import GRUCell, LSTMCell, SimpleRNNCell
from .drops import SITES, Drop
from .errors import DropError, MaskError, RecdropError, ShapeError
from .layers import GRU, LSTM, SimpleRNN
from .recording import Trace, record
from .shapes import trace_shapes
from .stacking import Bidirectional, Dropout, Embedding, RepeatVector, Stack, TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "SITES",
    "Bidirectional",
    "Drop",
    "DropError",
    "Dropout",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "MaskError",
    "RecdropError",
    "RepeatVector",
    "ShapeError",
    "SimpleRNN",
    "SimpleRNNCell",
    "Stack",
    "TimeDistributed",
    "Trace",
    "record",
    "trace_shapes",
    "variants",
]
__version__ = "0.1.0"
