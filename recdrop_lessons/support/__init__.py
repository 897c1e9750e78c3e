"""For every room: errors that say what to change, files written whole, libraries that may be missing."""
