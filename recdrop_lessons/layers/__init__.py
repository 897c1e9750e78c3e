"""Cells, layers over time and layers made of layers, in torch."""
