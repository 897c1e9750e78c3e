"""What `recdrop lab` prints of JupyterLab's log: errors, and the address to open."""

from __future__ import annotations

import logging
import re


class AddressAlone(logging.Filter):
    """Lets errors pass, and once the address, in place of the lines with which the server says it."""

    def __init__(self) -> None:
        super().__init__()
        self.told = False

    def filter(self, record: logging.LogRecord) -> bool:
        addresses = re.findall(r"https?://\S+/lab\S*", record.getMessage())
        if not addresses:
            return record.levelno >= logging.ERROR
        if self.told:
            return False
        self.told = True
        record.msg, record.args = f"Open this address in a browser:\n{addresses[-1]}", ()
        return True


# JupyterLab's options for it. A learner's own token is not logged: the address then ends in "token=...".
QUIET = (
    f"--ServerApp.logging_config={{'filters': {{'address': {{'()': '{__name__}.AddressAlone'}}}}, "
    "'handlers': {'console': {'filters': ['address']}}}",
    "--ServerApp.log_format=%(message)s",
    "--LabApp.log_level=ERROR",
)
