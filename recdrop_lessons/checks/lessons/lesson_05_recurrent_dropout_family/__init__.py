"""Lesson 05: one step of Moon's, Gal's, Semeniuta's, zoneout's and weight-dropped LSTM."""
