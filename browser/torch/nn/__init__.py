"""torch.nn: layers."""

from .._absent import module_getattr
from . import functional, init, parameter, utils
from .containers import ModuleDict, ModuleList, ParameterList, Sequential
from .module import Buffer, Module, Parameter
from .modules import *  # noqa: F403
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNBase, RNNCell, RNNCellBase

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Buffer",
    "GRUCell",
    "LSTMCell",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterList",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
    "Sequential",
    "functional",
    "init",
    "parameter",
    "utils",
]
__getattr__ = module_getattr("torch.nn")
