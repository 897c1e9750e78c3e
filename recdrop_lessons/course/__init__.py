"""The learner's side of the course: folders, outline, claims, quiz, progress, working copy, JupyterLab."""
