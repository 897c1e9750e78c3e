"""`python -m recdrop_lessons` is `recdrop`, where scripts are not on the path."""

from recdrop_lessons.cli import main

if __name__ == "__main__":  # worker processes that are started anew import this file as well
    main()
