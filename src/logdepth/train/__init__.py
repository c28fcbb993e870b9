"""Learning it: configs and recipes, the loop, run folders, evaluation, sweeps. Needs torch."""
