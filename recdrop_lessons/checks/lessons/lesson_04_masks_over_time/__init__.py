"""Lesson 04: a mask for every sharing, Keras's noise shapes, the chance that a step vanishes."""
