"""Lesson 10: intervals over seeds, paired differences, and a rate chosen without the test set."""
