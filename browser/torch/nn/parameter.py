"""torch.nn.parameter"""

from .._absent import module_getattr
from .module import Buffer, Parameter

__all__ = ["Buffer", "Parameter"]
__getattr__ = module_getattr("torch.nn.parameter")
