"""What every room may use: refusals with a cure, files written whole, libraries that may be missing."""
