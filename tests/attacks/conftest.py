"""The tables of attacks stand beside their test."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
