"""Grading notebooks: the learner's code runs in a process of its own, the checks never do.

merge.py      which cells run, in which order: tests and locked cells from ours, answers from the learner's
isolation.py  which locks the learner's process gets, probed by an attack
warm.py       the zygote: a process with torch loaded, started apart
spawner.py    learners' processes forked from it, one at a time
remote.py     `RemoteAnswer`, the checks' view of a function in the learner's process
checker.py    one notebook to one record
inside/       what runs on the learner's side
"""
