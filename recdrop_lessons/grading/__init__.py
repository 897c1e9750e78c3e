"""Grading notebooks: the learner's code runs in a process of its own, the checks never do.

merge.py              which cells run, in which order: tests and locked cells from ours, answers from theirs
isolation.py          which locks the learner's process gets, probed by an attack
fork_server.py        a process with torch loaded and nothing of ours, started apart
spawner.py            learners' processes forked from it, one at a time
subprocess_server.py  the same where nothing can be forked: each is a program of its own, without isolation
process_tree.py       ends such a program with all that it started, and when it takes too much memory
learner_process.py    one of them: it reads a notebook, runs cells and answers calls, as `RemoteAnswer` does
checker.py            one notebook to one record
inside/               what runs on the learner's side
"""
