"""Ready flows, one small file each; `flow(setup)` in each gives one to play."""
