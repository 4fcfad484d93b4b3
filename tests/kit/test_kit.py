"""What `import grantlab` brings, and what it leaves out until it is wanted."""

from __future__ import annotations

import subprocess
import sys

import pytest

import grantlab


def test_the_kit_brings_the_handful_of_names() -> None:
    assert len(grantlab.Recording()) == 0
    assert grantlab.decode("x").opaque
    assert set(grantlab.__all__) == {
        *("Browser", "Exercise", "Lab", "Recording", "decode", "predict", "show", "verify"),
    }


def test_a_script_that_only_records_loads_neither_server_nor_widgets() -> None:
    code = (
        "import sys, grantlab, grantlab.flows, grantlab.library.refresh; "
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('labserver', 'ipywidgets', 'anywidget', 'IPython', 'flask')])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = grantlab.Nothing
