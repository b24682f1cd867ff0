"""The derivations of questions 1 to 5, and the independent computations that each of them must agree with."""
