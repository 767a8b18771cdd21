"""Trainings that are started, watched and steered from a page: what a form asks (`form`), the folder where runs live (`runs`), the
processes (`keeper`), and the addresses that a page asks (`route`)."""
