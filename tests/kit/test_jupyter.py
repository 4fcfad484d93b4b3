"""The entry that jupyter-server-proxy reads."""

from importlib.metadata import entry_points

from grantlab.jupyter import entry


def test_jupyter_server_proxy_finds_the_entry_under_its_name():
    (found,) = [
        each
        for each in entry_points(group="jupyter_serverproxy_servers")
        if each.dist is not None and each.dist.name == "grantlab"
    ]

    assert found.name == "grantlab"
    assert found.load()()["absolute_url"] is True


def test_a_running_lab_with_a_prefix_is_proxied_without_starting_another():
    found = entry({"GRANTLAB_URL": "http://127.0.0.1:4711/user/x/grantlab"})

    assert (found["port"], found["command"]) == (4711, [])


def test_a_running_lab_without_a_prefix_is_not_proxied():
    found = entry({"GRANTLAB_URL": "http://127.0.0.1:4711"})

    assert "port" not in found
    assert found["command"]


def test_without_a_running_lab_one_is_started_below_the_notebook_servers_address():
    command = entry({})["command"]

    filled = [part.format(port=4711, base_url="/user/x/") for part in command]
    assert filled[-3:] == ["--url-prefix", "/user/x/grantlab", "--movable-clock"]
    assert "4711" in filled


def test_a_slow_start_is_waited_for():
    assert entry({})["timeout"] == 20
