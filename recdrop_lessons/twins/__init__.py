"""The same mathematics again in NumPy alone: equations, influence over time, and masks."""
