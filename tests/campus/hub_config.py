"""A small campus: JupyterHub with a proxy from npm, each user a process with a home of its own.

All users are one to the system, as on hubs of containers, so nbgrader takes their names from the hub.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 (JupyterHub puts it there)
room = Path(os.environ["CAMPUS"])
port = int(os.environ["CAMPUS_PORT"])

c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_port = port + 1
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.ConfigurableHTTPProxy.command = [os.environ["CAMPUS_PROXY"]]
c.JupyterHub.db_url = f"sqlite:///{room / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(room / "cookie_secret")
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(room / "homes" / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {"JUPYTER_CONFIG_PATH": str(room / "etc"), "PATH": os.environ["PATH"]}
c.Spawner.start_timeout = c.Spawner.http_timeout = 240
c.JupyterHub.services = [{"name": "campus", "api_token": os.environ["CAMPUS_TOKEN"]}]
c.JupyterHub.load_roles = [
    {"name": "campus", "services": ["campus"], "scopes": ["admin:users", "admin:servers", "tokens"]}
]
