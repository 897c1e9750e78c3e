"""Lesson 12: the mask of each graph dropout, and which of them made a training pass."""
