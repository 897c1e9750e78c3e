"""What runs on the learner's side of the pipe. Nothing here imports the rest of the library.

The fork server loads this folder under the name `inside`, so that no process that a learner's code runs in
has ever held the checks, the cells or the equations.
"""
