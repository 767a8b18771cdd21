"""What a lesson may name: the pages, what their addresses say, and the facts that a goal reads."""

_FINDER = ("finding", "by", "along", "toward", "more", "which", "directions")
PARAMETERS: dict[str, tuple[str, ...]] = {
    "start": ("start", "item", "seed", "temperature", "move", "class", "drawing", "row"),
    "map": (
        *("item", "drawing", "row", "selection", "selection_a", "selections", "hidden", "joint", "colour", "moves"),
        *("plane_x", "plane_y", "layout", "find", "order"),
    ),
    "live": ("start", "item", "seed", "temperature", "move", "class", "asking", "drawing", "row", *_FINDER),
    "traverse": (
        *("block", "dim", "span", "start", "item", "seed", "class", "strips-page", "at", "as"),
        *("inactive", "drawing", "row"),
        *_FINDER,
    ),
    "dimension": ("block", "dim"),
    "generate": (
        *("class", "seed", "temperature", "samples-page", "items", "own", "swaps-page", "drawing", "row"),
        *("hold", "first", "held-seed", "held-temperature"),
    ),
    "interpolate": (
        *("from", "to", "own", "move", "steps", "measure", "averaged", "corners", "c1", "c2", "c3", "c4"),
        *("of", "terms", "a", "b", "c", "class-a", "class-b", "class-c", "drawing", "row"),
    ),
    "prior": ("look", "block", "beside", "matrix", "of", "plane", "x", "y", "item"),
    "rate_distortion": ("block", "item", "since", "drawing", "row"),
    "elbo": ("item", "mine", "seed", "drawing", "row"),
    "measure": (
        *("show", "among", "item", "across", "up", "all-numbers", "everything", "groups", "amount", "seed"),
        *("sweep_over", "sweep_number"),
    ),
    "train": ("run", "ask"),
    "data": (),
    "lessons": ("em-steps", "start-seed", "draws", "draw-seed", "dimension"),
}  # fmt: skip
"""By page, the names that its address may hold beside `model` and `beta_BLOCK`."""

WITHOUT_WIDGET: dict[str, tuple[str, ...]] = {
    "map": ("item", "drawing", "row", "selection", "selection_a", "selections", "hidden"),
    "start": PARAMETERS["start"],
    "live": ("start", "item", "seed", "temperature", "move", "class", "directions", "drawing", "row"),
    "traverse": ("directions", "at", "as", "drawing", "row"),
    **dict.fromkeys(("generate", "interpolate", "rate_distortion", "elbo"), ("drawing", "row")),
    "prior": ("item",),
    "train": ("ask",),
}
"""By page, the names of its address that no widget of Streamlit holds."""

FACTS: dict[str, str] = {
    "page": "the page, by its name in the address",
    "model": "the model",
    "own_image": "whether the visitor drew or gave an image",
    "moved": "how many handles of Live stand off their start",
    "class_of_code": "the class that the model reads in the code of Live",
    "sure": "the probability of that class, 0 to 1",
    "distance": "how far the code of Live is from its start, Euclidean",
    "selected": "how many images the selection on the map holds",
    "selected_class": "the class that most of them have",
    "log_likelihood": "log p(x) of the figure ppca-em at its step, nats an image",
    "gap": "how far that is below the closed form, nats an image",
    "run_state": "where the run on Train stands: queued, starting, running, paused, finished, stopped, failed",
    "run_step": "how many steps it has done",
    "run_rate": "its rate KL(q || p) in the last frame, all blocks, nats an image",
    "run_awake": "how many of its dimensions have a KL of 0.1 nats or more there",
    "run_changes": "how often something was changed while it trained",
    "run_beta": "its present beta, of several blocks the largest",
    "run_class_weight": "its present weight of the class term",
}
"""Facts that a goal can name, beside the names of an address."""

OF_BLOCKS: dict[str, str] = {
    "beta": "the beta of the block",
    "rate": "its rate KL(q || p), nats an image, at these betas",
    "active": "how many of its dimensions are active at these betas",
    "moved": "how many handles of it stand off their start on Live",
}
"""Facts of a latent block, such as `active_z`."""


def parameters(page: str, blocks: list[str]) -> set[str]:
    """The names that the address of a page may hold for a model of these blocks."""
    more = of_blocks(blocks) if page == "map" else []
    return {*PARAMETERS[page], *more, *(f"beta_{block}" for block in blocks)}


def of_blocks(blocks: list[str]) -> list[str]:
    """The names by which the address of the map says which two dimensions of each block are shown."""
    return [f"{axis}_{block}" for block in blocks for axis in "xy"]


def facts(blocks: list[str]) -> set[str]:
    """The names that a goal may hold for a model of these blocks: facts, and whatever an address may say."""
    of_blocks = {f"{fact}_{block}" for fact in OF_BLOCKS for block in blocks}
    return {*FACTS, *of_blocks}.union(*PARAMETERS.values())
