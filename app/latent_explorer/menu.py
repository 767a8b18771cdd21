"""What our pages are called in the menu, and in which group each stands. A page is known by its view: the name of its script, and its address."""

# View: title and icon.
TITLES = {
    "start": ("Start", "home"),
    "elbo": ("The ELBO", "balance"),
    "rate_distortion": ("What beta does", "show_chart"),
    "lessons": ("Lessons", "school"),
    "map": ("Map", "scatter_plot"),
    "live": ("Live", "touch_app"),
    "traverse": ("Traverse", "tune"),
    "dimension": ("Dimension", "height"),
    "generate": ("Generate", "grid_on"),
    "interpolate": ("Between", "linear_scale"),
    "prior": ("Priors", "blur_on"),
    "measure": ("Measure", "straighten"),
    "train": ("Train", "model_training"),
    "data": ("Open data", "folder_open"),
}
GROUPS = {
    "Learn": ("start", "elbo", "rate_distortion", "lessons"),
    "Explore": ("map", "live", "traverse", "dimension", "generate", "interpolate"),
    "Study": ("prior", "measure", "train", "data"),
}


def title(view: str) -> str:
    """What a page is called; one that others have added, by its name.

    >>> title("rate_distortion"), title("my_page")
    ('What beta does', 'my_page')
    """
    return TITLES.get(view, (view, ""))[0]
