"""recdrop_lessons: what dropout in recurrent and graph networks really does, in code that can be read.

One algebra, site × sharing × noise × fill, says every method; see `drops` and `variants`.
"""

from . import variants
from .attention import GATConv
from .cells import GRUCell, LSTMCell, SimpleRNNCell
from .drops import SITES, Drop
from .errors import DropError, MaskError, RecdropError, ShapeError
from .layers import GRU, LSTM, SimpleRNN
from .normalization import BatchNormLSTM, LayerNormLSTM
from .recording import Trace, record
from .regularizers import gate_norms, gate_penalty
from .shapes import trace_shapes
from .stacking import Bidirectional, Dropout, Embedding, RepeatVector, Stack, TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "SITES",
    "BatchNormLSTM",
    "Bidirectional",
    "Drop",
    "DropError",
    "Dropout",
    "Embedding",
    "GATConv",
    "GRUCell",
    "LSTMCell",
    "LayerNormLSTM",
    "MaskError",
    "RecdropError",
    "RepeatVector",
    "ShapeError",
    "SimpleRNN",
    "SimpleRNNCell",
    "Stack",
    "TimeDistributed",
    "Trace",
    "gate_norms",
    "gate_penalty",
    "record",
    "trace_shapes",
    "variants",
]
__version__ = "0.1.0"
