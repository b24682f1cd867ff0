"""Question 6: the data, the models, the protocol of the experiments, and the engine that runs them."""
