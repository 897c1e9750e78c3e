"""Lesson 01: one step of a SimpleRNN, a GRU and an LSTM, and an LSTM's two activations."""
