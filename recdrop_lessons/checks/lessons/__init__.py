"""One package a lesson, `lesson_NN_name`; one file a part, with the name of its function, holding `PART`."""
