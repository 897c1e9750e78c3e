"""Lesson 08: attention coefficients, a graph attention layer with three masks, self-loops."""
