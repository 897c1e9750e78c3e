"""Data without a download, one training loop, intervals, and the capstone's experiment."""
