"""What Streamlit's sliders of beta tell the page while they move, and marks at the betas of the grid."""

from collections.abc import Mapping, Sequence

from latent_explorer.components.shared import served

_component = served("beta_slider")


def beta_sliders(
    model: str,
    betas: Mapping[str, float],
    blocks: Mapping[str, tuple[str, Sequence[float], Sequence[float]]],
    key: str = "beta-sliders",
) -> None:
    """Listen to the sliders above; it takes no room.

    Args:
        model: its name, which those who follow know.
        betas: those of this run.
        blocks: by block the key of its slider, the betas that it goes through, and those at which the atlas was made.
        key: identifies the component across reruns.
    """
    data = {
        "model": model,
        "betas": dict(betas),
        "blocks": {
            block: {
                "key": of,
                "range": [min(betas), max(betas)],
                "grid": [float(f"{beta:.3g}") for beta in grid],
            }
            for block, (of, betas, grid) in blocks.items()
        },
    }
    _component(key=key, data=data)
