"""Lesson 11: gradients by hand, of a masked LSTM step, over time, and of dropped weights."""
