"""The colours of the classes, for eyes of three kinds and on both grounds."""

import itertools

import numpy as np
import pytest
from latent_explorer.palette import CLASSES, ORDERED, colours

# Streamlit's backgrounds of the page in the light and the dark theme.
GROUNDS = ("#ffffff", "#171614")

# Simulations of complete dichromacy in linear RGB (Machado, Oliveira and Fernandes, 2009).
EYES = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def linear(colour: str) -> np.ndarray:
    """sRGB `#rrggbb` as linear RGB in [0, 1], `(3,)`."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB in OKLab (Ottosson, 2020)."""
    to_lms = np.array(
        [
            [0.41222147, 0.53633254, 0.05144599],
            [0.21190350, 0.68069955, 0.10739696],
            [0.08830246, 0.28171884, 0.62997870],
        ]
    )
    to_lab = np.array(
        [
            [0.21045426, 0.79361779, -0.00407205],
            [1.97799850, -2.42859221, 0.45059371],
            [0.02590404, 0.78277177, -0.80867577],
        ]
    )
    return to_lab @ np.cbrt(to_lms @ rgb.clip(0, 1))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted((linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(("colours", "least"), [(CLASSES, 0.09), (ORDERED, 0.07)])
def test_any_two_can_be_told_apart(colours: tuple[str, ...], least: float, eye: str):
    seen = [oklab(EYES[eye] @ linear(colour)) for colour in colours]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > least


def test_what_goes_from_little_to_much_grows_lighter():
    lightness = [oklab(linear(colour))[0] for colour in ORDERED]
    assert lightness == sorted(lightness)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize(("shown", "least"), [(CLASSES, 3.0), (ORDERED, 2.3), (colours(300), 3.0)])
def test_every_colour_shows_on_both_grounds(shown: tuple[str, ...], ground: str, least: float):
    assert min(contrast(colour, ground) for colour in shown) > least
