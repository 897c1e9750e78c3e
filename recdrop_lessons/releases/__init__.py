"""What each release of Keras, PyTorch and the graph libraries does: probes, the matrix they fill, its words.

`probes/` asks a framework from outside and runs in any environment; `running` starts it there; `matrix` reads
what was observed (data/releases.csv), release by release; `words` says it in sentences; `witnesses` says who
answers for a release that was not asked.
"""
