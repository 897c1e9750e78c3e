"""Lesson 07: penalties on one gate, an LSTM step with layer norms, and batch norm over time."""
