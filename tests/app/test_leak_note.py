"""What the pages say of the class in the unlabelled latents, and of the style in swaps, from the numbers of a card."""

from dataclasses import replace

from latent_explorer.parts.leak import _probed
from latent_explorer.sections.generate.shared import judged
from latent_explorer.sections.generate.swaps import style_kept
from latent_explorer.text import measured_by

from vae_core import load
from vae_core.estimates import Estimate


def metrics(**shares: float) -> dict[str, Estimate]:
    return {name: Estimate(value, 0.001, 10_000) for name, value in shares.items()}


KINDS = ("logistic", "knn", "mlp")


def test_all_three_readings_are_said_with_their_nats():
    shares = {
        f"probe_z_u_{kind}_{what}": value
        for what, value in (("sample", 0.11), ("mean", 0.15), ("posterior", 0.74))
        for kind in KINDS
    }
    nats = {
        f"probe_z_u_mlp_{what}_nats": value
        for what, value in (("sample", 0.0), ("mean", 0.02), ("posterior", 1.61))
    }
    words = _probed(metrics(**shares, **nats), "z_u")
    assert "one draw of z_u" in words
    assert "11.0% / 11.0% / 11.0% (0.00 nats)" in words
    assert "means" in words
    assert "15.0% / 15.0% / 15.0% (0.02 nats)" in words
    assert "scales" in words
    assert "74.0% / 74.0% / 74.0% (1.61 nats)" in words


def test_a_card_of_before_says_what_it_knows():
    shares = {f"probe_z_u_{kind}_{what}": 0.2 for what in ("sample", "mean") for kind in KINDS}
    words = _probed(metrics(**shares), "z_u")
    assert "one draw" in words
    assert "scales" not in words
    assert "nats" not in words
    assert _probed(metrics(bayes_accuracy=0.9), "z_u") == ""


def test_swaps_say_how_much_of_the_style_they_keep_where_it_was_measured():
    model = load("mr-cdvae-mnist")
    assert "slant 0.96 (0.99), thickness 0.90 (0.96), width 0.73 (0.98)" in style_kept(model)
    assert "not how much of the style" in judged(
        model, "swap_accuracy", "not how much of the style they keep"
    )
    assert len(measured_by(model.card, ["swap_accuracy", "style_slant_swap"])) == 1
    left = {name: value for name, value in model.card.metrics.items() if not name.startswith("style_")}
    assert style_kept(replace(model, card=replace(model.card, metrics=left))) == ""
    older = load("joint-mnist")  # whose card knows none
    assert style_kept(older) == ""
    assert len(measured_by(older.card, ["swap_accuracy", "style_slant_swap"])) == 1
