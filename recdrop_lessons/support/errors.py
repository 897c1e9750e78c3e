"""What the library refuses, it refuses with a sentence: what was given, what was expected, what to change."""


class RecdropError(ValueError):
    """Base of every refusal of this library."""


class DropError(RecdropError):
    """A `Drop` that means nothing: an unknown site, a rate outside [0, 1), a fill that its site has not."""


class MaskError(RecdropError):
    """A mask that does not belong: an unknown name, a missing one, or the wrong shape."""


class ShapeError(RecdropError):
    """A tensor that a layer cannot take: `cause` says why, `cure` what to change."""

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(f"{cause} {cure}")
        self.cause, self.cure = cause, cure
