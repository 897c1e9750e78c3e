# The public names, and the file that each is in: editors and mypy read this, and so does __init__.py.
from . import variants as variants
from .attention import GATConv as GATConv
from .cells import GRUCell as GRUCell
from .cells import LSTMCell as LSTMCell
from .cells import SimpleRNNCell as SimpleRNNCell
from .drops import SITES as SITES
from .drops import Drop as Drop
from .errors import DropError as DropError
from .errors import MaskError as MaskError
from .errors import RecdropError as RecdropError
from .errors import ShapeError as ShapeError
from .layers import GRU as GRU
from .layers import LSTM as LSTM
from .layers import SimpleRNN as SimpleRNN
from .normalization import BatchNormLSTM as BatchNormLSTM
from .normalization import LayerNormLSTM as LayerNormLSTM
from .recording import Trace as Trace
from .recording import record as record
from .regularizers import gate_norms as gate_norms
from .regularizers import gate_penalty as gate_penalty
from .shapes import trace_shapes as trace_shapes
from .stacking import Bidirectional as Bidirectional
from .stacking import Dropout as Dropout
from .stacking import Embedding as Embedding
from .stacking import RepeatVector as RepeatVector
from .stacking import Stack as Stack
from .stacking import TimeDistributed as TimeDistributed

__version__: str
