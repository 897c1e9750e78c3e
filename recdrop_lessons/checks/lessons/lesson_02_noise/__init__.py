"""Lesson 02: inverted and Gaussian dropout, their moments, and the shape of the noise."""
