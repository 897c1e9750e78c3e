"""Lesson 03: input and recurrent masks, PyTorch's dropout between layers, and the sites."""
