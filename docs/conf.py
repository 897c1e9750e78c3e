"""The site: `make site` builds it from the repository's own files, where they lie, and without network.

The source folder is the repository's root, so that every relative link means the same on GitHub and here.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "Dropout in recurrent and graph networks"
author = "the authors of recdrop_lessons"
language = "en-GB"
project_copyright = "%Y, lessons CC BY 4.0, code MIT"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "answers",
    "claim_pages",
    "course_pages",
    "docstrings",
    "exercise_pages",
    "live",
    "mathml",
    "page_meta",
    "prediction_pages",
    "progress_pages",
    "quiz_pages",
]

# ---- what is on the site: lessons and exercises, never solutions ----
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "benchmarks/README.md",
    "docs/**",
    "exercises/**",
    "notebooks/**",
]
exclude_patterns = [".*", "build", "docs/_*", "**/.ipynb_checkpoints"]

# ---- reading ----
nb_execution_mode = "off"  # the stored outputs are the ones that the tests compare
myst_enable_extensions = ["dollarmath", "html_image", "strikethrough"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

autodoc_default_options = {
    "members": True,
    "exclude-members": "extra_repr",
    "show-inheritance": True,
}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autosummary_generate = False
python_use_unqualified_type_names = True
add_module_names = False
default_role = "py:obj"  # `Drop` in a docstring links to Drop; `p` is just code
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", ".*"),
    # types of libraries that this site does not link to
    (r"py:.*", r"(collections|keras|nn|np|numpy|pathlib|torch|torch_geometric|typing)\b.*"),
    # names of types within one file, and types of ours that stand in a signature and not in the reference
    ("py:class", r"Array|Module|PartResult|Path|State|Tensor|dict\[str|tuple\[str|recdrop_lessons\..*"),
]

# ---- look ----
html_theme = "pydata_sphinx_theme"
html_title = project
html_baseurl = os.environ.get("SITE_URL", "")  # for the sitemap and previews of links
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_search_scorer = str(HERE / "_browser" / "search_order.js")  # Sphinx takes it from where it was started
html_copy_source = False
html_show_sphinx = False
html_context = {"default_mode": "auto"}
html_sidebars = {
    "README": [],
    "notebooks/claims": [],
    "docs/site/progress": [],
    "docs/site/in-the-browser": [],
}
html_theme_options = {
    "logo": {"text": "recdrop"},
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_selector = "div.highlight pre"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
