"""One kernel, walled in: how it is isolated, what it may use, how the outside speaks to it.

Knows nothing of lessons or gradebooks. `kernel` is the door: what comes out of it is an adversary's bytes.
`desk` and `start` run inside and are shipped there as text, with `values` and `probe` of `autograder.checks`.
"""
