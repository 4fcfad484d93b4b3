"""Who may import whom."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_import_contract_is_kept():
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_help_and_serving_load_nothing_of_the_learners_side():
    told = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys; sys.argv = ['grantlab', '--help']\n"
            "from grantlab.cli import main\n"
            "import grantlab.cli.serve\n"
            "try: main()\n"
            "except SystemExit: print('LOADED', *sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(told.stdout.rpartition("LOADED")[2].split())
    assert "grantlab.cli" in loaded
    assert not loaded & {"ipywidgets", "anywidget", "IPython", "jupyterlab", "httpx", "httpx2"}
