"""Lesson 09: probabilities of many passes, their entropy and disagreement, and calibration."""
