"""Explorers: one a lesson, a pure `figure(**settings)` and a `view(**settings)` that puts it on the page.

from recdrop_lessons.explorers import where
where.view()
"""

#: Each explorer's module, and the notebook that it belongs to.
LESSONS = {
    "board": "00_start_here",
    "cell_step": "01_cells",
    "noisy_sum": "02_noise",
    "where": "03_where_dropout_happens",
    "masks_over_time": "04_masks_over_time",
    "cell_memory": "05_recurrent_dropout_family",
    "stack_builder": "06_stacking_and_return_sequences",
    "gate_norms": "07_regularizers_and_normalization",
    "graph": "08_graph_attention_dropout",
    "many_passes": "09_uncertainty",
    "methods_compared": "10_capstone",
    "messages": "12_dropping_edges",
}
