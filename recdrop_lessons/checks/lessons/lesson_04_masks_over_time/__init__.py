"""Lesson 04: a mask for every sharing, Keras's noise shapes, the probability that a step vanishes."""
