"""What a person tries by hand in a notebook: another load, another configuration, another set of workloads.

With ipywidgets and a person at the kernel there are sliders and boxes to tick; without them, and under papermill, what
they would show stands there as a table. What is worked out is the package's own, here and there.
"""
