"""nbgrader's settings: solutions/ is the source, exercises/ what is released."""

c = get_config()  # noqa: F821 (nbgrader puts it there)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()  # your code here"}
