"""Lesson 06: shapes through a stack, the last valid step, a stacked LSTM, and padded reversal."""
