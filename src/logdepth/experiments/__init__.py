"""The paper's experiments as recipes and plots: what is run at which scale, and what is drawn from the rows."""
