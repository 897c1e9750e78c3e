"""Explorers: one a lesson, a pure `figure(**settings)` and a `view(**settings)` that puts it on the page.

from recdrop_lessons.explorers import where
where.view()
"""
