"""What pyproject.toml cannot say: a wheel carries the notebooks, for `recdrop start`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithCourse(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # the clone has them
        carried = Path(self.build_lib) / "recdrop_lessons" / "data" / "course"
        shutil.rmtree(carried, ignore_errors=True)
        for room in ("notebooks", "exercises", "solutions"):
            shutil.copytree(room, carried / room, ignore=shutil.ignore_patterns(".*"))


setup(cmdclass={"build_py": WithCourse})
