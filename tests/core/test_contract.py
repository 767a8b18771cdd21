"""What every model of the registry keeps to, over every kind of nets, and what a declaration refuses.

Shapes: B examples, T positions, K classes.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, OneHotCategorical

from tests.support.tiers import covering
from vae_core.conditionals import Conditional, DiagonalGaussian, Feature
from vae_core.distributions import Sampler, mean, rsample
from vae_core.explore import reconstruct, sample, traverse
from vae_core.kinds import Image
from vae_core.likelihoods import BernoulliPixels
from vae_core.model import Model
from vae_core.models import LIKELIHOODS, MODELS, Signature, declare
from vae_core.multirate import at, rates_of
from vae_core.nets import NETS, Joined, Residual, preset
from vae_core.objectives import elbo
from vae_core.priors import StandardNormal, one_hot

B, K = 3, 4
CLASSES = ("a", "b", "c", "d")

SMALL_FLOW = {"flow_transforms": 2, "flow_width": 8}

# Every model with its defaults, and each choice that changes which conditionals it is made of.
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in MODELS),
    *(
        ("vae", {"likelihood": name})
        for name in LIKELIHOODS[Image]
        if name not in ("gaussian-fixed", "categorical")
    ),
    ("vae", {"likelihood": "gaussian-fixed", "gamma": 0.1}),
    ("vae", {"likelihood": "categorical", "levels": 5}),
    ("vae", {"prior": "mixture", "components": 3}),
    ("vae", {"prior": "vamp", "components": 3}),
    ("vae", {"prior": "flow", **SMALL_FLOW}),
    ("cdvae", {"prior": "class-flow", "unlabelled_prior": "flow", **SMALL_FLOW}),
    ("cdvae", {"prior": "class"}),
    ("cdvae", {"prior": "class-mixture"}),
    ("cdvae", {"layout": "orthogonal", "labelled": 3}),
    ("cdvae", {"layout": "simplex", "labelled": 3}),
    ("cdvae", {"unlabelled_prior": "vamp", "unlabelled_components": 3}),
    ("cdvae", {"likelihood": "gaussian"}),
    ("cvae", {"prior": "mixture", "components": 3}),
    ("cvae", {"prior": "class-flow", **SMALL_FLOW}),
    ("cvae", {"prior": "class"}),
    ("cvae", {"prior": "class-mixture"}),
    ("cvae", {"likelihood": "gaussian"}),
    ("joint", {"prior": "class"}),
    ("joint", {"prior": "flow", **SMALL_FLOW}),
    ("ladder", {"prior": "flow", **SMALL_FLOW}),
    ("srvae", {"prior": "flow", **SMALL_FLOW}),
    ("vae", {"prior": "flow", "rates": (0.1, 10.0), **SMALL_FLOW}),
    ("joint", {"prior": "class-mixture"}),
    ("ladder", {"latent": (4, 3, 2)}),
    ("ladder", {"inference": "top-down"}),
    ("ladder", {"latent": (4, 3, 3), "inference": "top-down"}),
    ("srvae", {"prior": "mixture"}),
    ("srvae", {"prior": "class"}),
    *((name, {"rates": (0.1, 10.0)}) for name in ("vae", "cdvae", "cvae")),
    ("ladder", {"rates": (0.1, 10.0), "inference": "top-down"}),
    ("cvae", {"rates": (0.1, 10.0), "prior": "class-mixture"}),
    ("vae", {"rates": (0.1, 10.0), "prior": "mixture", "components": 3}),
    ("cdvae", {"rates": (0.1, 10.0), "prior": "class", "likelihood": "gaussian"}),
]
NETS_AND_SIDES = [("mlp-256", 8), ("conv-32", 28), ("conv-32", 32), ("conv-32", 64)]


def cases() -> Iterator[Any]:
    """Every variant on small images with an MLP; every model, where it has nets, with convolutions on larger ones."""
    for name, arguments in VARIANTS:
        for nets, side in NETS_AND_SIDES if set(arguments) <= {"rates"} else NETS_AND_SIDES[:1]:
            if "nets" not in MODELS[name].__dataclass_fields__:  # type: ignore[attr-defined]
                yield pytest.param(name, arguments, 8, id=name)
                break
            label = "-".join([name, *map(str, arguments.values()), nets, str(side)])
            # The same convolutions serve every model: the default run tries those of one.
            marks = (
                [pytest.mark.slow] if side > 28 or (side == 28 and (name, arguments) != ("vae", {})) else []
            )
            yield pytest.param(name, {**arguments, "nets": nets}, side, id=label, marks=marks)


CASES = list(cases())
every_model = pytest.mark.parametrize(("name", "arguments", "side"), CASES)


def built(name: str, arguments: dict[str, Any], side: int) -> Model:
    """The declared model; one that takes rates at some beta of each block."""
    model = declare(name, arguments).build(Signature(Image(1, side, side), CLASSES))
    return at(model, {block: 1.5 + number for number, block in enumerate(rates_of(model))})


def read(model: Model, side: int) -> dict[str, Tensor]:
    """What the encoder reads of the batch: x, and the class where it is told."""
    return {name: batch_of(side)[name] for name in model.encoder_reads}


def batch_of(side: int) -> dict[str, Tensor]:
    """Pixels that are 0 or 1, which every likelihood scores."""
    return {"x": torch.rand(B, 1, side, side).round(), "y": one_hot(torch.tensor([0, 3, 1]), K)}


@every_model
def test_every_conditional_has_one_batch_dimension_or_none(name: str, arguments: dict, side: int):
    model = built(name, arguments, side)
    env = model.infer(batch_of(side), rsample).env
    conditionals = [c for c in (*model.p.values(), *model.q.values()) if not isinstance(c, Feature)]
    for conditional in conditionals:
        assert conditional(env).batch_shape == ((B,) if conditional.given else ())


@every_model
def test_terms_are_one_finite_number_an_example(name: str, arguments: dict, side: int):
    model = built(name, arguments, side)
    terms = model.terms(batch_of(side))
    held = [name for name in model.latents if name == "y"]  # a class that the batch holds is observed in it
    assert [*held, *terms.kl] == model.latents
    assert list(terms.score) == held
    assert set(terms.log_likelihood) == {*model.observed, *held}
    values = [*terms.log_likelihood.values(), *terms.kl.values(), terms.distortion, terms.rate, terms.elbo]
    assert all(value.shape == (B,) and value.isfinite().all() for value in values)


@every_model
def test_the_bound_moves_every_parameter(name: str, arguments: dict, side: int):
    model = built(name, arguments, side)
    elbo(classifier_weight=float("y" in model.latents))(model, batch_of(side)).total.backward()
    still = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


@every_model
def test_infer_gives_a_posterior_and_a_draw_of_each_latent(name: str, arguments: dict, side: int):
    model = built(name, arguments, side)
    posteriors, env = model.infer(read(model, side), Sampler.seeded(0))
    assert list(posteriors) == model.latents
    for block, posterior in posteriors.items():
        assert posterior.batch_shape == (B,)
        assert env[block].shape == posterior.mean.shape


@every_model
def test_generate_needs_its_inputs_and_nothing_else(name: str, arguments: dict, side: int):
    model, batch = built(name, arguments, side), batch_of(side)
    inputs = {key: batch[key] for key in model.inputs()}
    found = model.generate(inputs, n=B, draw=Sampler.seeded(0))
    assert found["x"].shape == (B, 1, side, side)
    for missing in inputs:
        with pytest.raises(ValueError, match=f"needs {missing}"):
            model.generate({key: value for key, value in inputs.items() if key != missing}, n=B)


@every_model
def test_no_input_is_needed_once_a_code_is_fixed(name: str, arguments: dict, side: int):
    model = built(name, arguments, side)
    assert model.inputs(*model.coded) == []
    assert reconstruct(model, read(model, side)).shape == (B, 1, side, side)


@every_model
def test_samples_are_images_in_the_unit_interval(name: str, arguments: dict, side: int):
    model, batch = built(name, arguments, side), batch_of(side)
    images = sample(model, {key: batch[key] for key in model.inputs()}, n=B, draw=Sampler.seeded(0))
    assert images.shape == (B, 1, side, side)
    assert 0 <= images.min() <= images.max() <= 1


@every_model
def test_a_traversal_is_a_grid_of_dimensions_and_values(name: str, arguments: dict, side: int):
    model = built(name, arguments, side)
    env = model.infer(read(model, side)).env
    start = {name: env[name][0] for name in model.coded}
    block = model.blocks[0]
    dimensions = [0, min(2, model.sizes[block] - 1)]
    images = traverse(model, start, block, dimensions, torch.tensor([[-1.0, 0.0, 1.0], [0.0, 1.0, 2.0]]))
    assert images.shape == (2, 3, 1, side, side)


@every_model
def test_a_state_dict_carries_a_model_over_whole(name: str, arguments: dict, side: int):
    batch, one, other = batch_of(side), built(name, arguments, side), built(name, arguments, side)

    def outputs(model: Model) -> Tensor:
        model.eval()
        return torch.cat([model.terms(batch, Sampler.seeded(0)).elbo, reconstruct(model, batch).flatten()])

    assert not torch.equal(outputs(one), outputs(other))
    other.load_state_dict(one.state_dict())
    assert torch.equal(outputs(one), outputs(other))


@pytest.mark.parametrize(("name", "inputs"), [("vae", []), ("cdvae", ["y"])])
def test_inputs_follow_the_declaration(name: str, inputs: list[str]):
    assert built(name, {"nets": "mlp-256"}, 8).inputs() == inputs


def test_fixing_the_labelled_block_spares_the_class():
    model = built("cdvae", {}, 8)
    assert model.inputs("z_l") == []
    assert model.inputs("z_u") == ["y"]


@pytest.mark.parametrize("nets", NETS)
def test_every_preset_decodes_to_the_shape_that_its_trunk_reads(nets: str):
    shape = (3, 32, 32)
    features = preset(nets).trunk(shape)(torch.rand(2, *shape))
    assert features.shape == (2, preset(nets).width)
    assert preset(nets).decoder(5, shape)(torch.rand(2, 5)).shape == (2, *shape)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("nonesuch", {}, "no model is called 'nonesuch'"),
        ("vae", {"breadth": 3}, "does not take these arguments"),
        ("vae", {"latent": 0}, "latent must be between 1 and 65536, got 0"),
        ("vae", {"nets": "conv-7"}, "no nets are called 'conv-7'"),
        ("cdvae", {"unlabelled": 0}, "unlabelled must be between 1 and 65536, got 0"),
        ("cdvae", {"prior": "flat"}, "no prior is called 'flat'"),
        ("cdvae", {"separation": 0.0}, "separation of prototypes must be above 0, got 0.0"),
        ("cdvae", {"separation": -1.0}, "separation of prototypes must be above 0, got -1.0"),
        ("cdvae", {"separation": math.nan}, "separation of prototypes must be above 0, got nan"),
        ("cdvae", {"separation": 8.0, "prior": "class"}, "a learned class prior has no separation"),
        ("cdvae", {"labelled": 2}, "4 classes need at least 4 labelled dimensions, got 2"),
    ],
)
def test_arguments_that_make_no_model_are_refused_in_a_sentence(
    name: str, arguments: dict, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        built(name, arguments, 8)
    one_line(caught.value)


def test_a_cdvae_needs_classes():
    with pytest.raises(ValueError, match="needs data with classes"):
        declare("cdvae", {}).build(Signature(Image(1, 8, 8), ()))


SIZES = [
    (28, 20),
    (30, 30),
    (6, 6),
    (64, 78),
    (78, 64),
    (100, 75),
    (75, 100),
    (25, 25),
    (9, 7),
    (64, 6),
    (5, 40),
    (1, 1),
    (1, 33),
    (17, 31),
]


@pytest.mark.parametrize(
    ("nets", "size"), covering(["conv-32", "conv-64", "res-32-64", "conv-32-64"], [(size,) for size in SIZES])
)
def test_convolutions_take_images_of_every_size(size: tuple[int, int], nets: str, one_line: Callable):
    for channels in (1, 3):
        shape = (channels, *size)
        if nets == "conv-32-64" and min(size) < 16:
            with pytest.raises(ValueError, match=f"at least 16, got {size[0]} x {size[1]}") as caught:
                preset(nets).trunk(shape)
            one_line(caught.value)
            continue
        images = torch.rand(2, *shape, requires_grad=True)
        preset(nets).trunk(shape)(images).sum().backward()
        assert images.grad is not None
        assert images.grad.flatten(2).amax(-1).abs().min() > 0
        edges = images.grad[..., [0, -1], :].abs().sum(), images.grad[..., [0, -1]].abs().sum()
        assert min(edges) > 0  # no side is cut off
        assert preset(nets).decoder(3, shape)(torch.randn(2, 3)).shape == (2, *shape)


def test_convolutions_of_the_usual_sizes_have_the_layers_they_always_had():
    """The weights of every checkpoint are named and shaped by these."""
    for side, top, stages in ((8, 4, 1), (16, 4, 2), (28, 7, 2), (32, 4, 3), (64, 4, 4), (112, 7, 4)):
        trunk, decoder = (
            preset("conv-32").trunk((1, side, side)),
            preset("conv-32").decoder(5, (1, side, side)),
        )
        assert [layer.weight.shape for layer in trunk if hasattr(layer, "weight")] == [  # type: ignore[union-attr]
            *(torch.Size((32, 1 if i == 0 else 32, 4, 4)) for i in range(stages)),
            torch.Size((256, 32 * top**2)),
        ]
        ups = [layer for layer in decoder if isinstance(layer, nn.ConvTranspose2d)]  # type: ignore[arg-type]
        assert [up.weight.shape for up in ups] == [
            torch.Size((32, 1 if i == stages - 1 else 32, 4, 4)) for i in range(stages)
        ]
        assert all(up.stride == (2, 2) and up.output_padding == (0, 0) for up in ups)


def test_a_residual_block_begins_as_nothing():
    h = torch.randn(2, 32, 4, 5)
    assert torch.equal(Residual(32, nn.SiLU)(h), h)


@pytest.mark.parametrize("nets", ["conv-32", "res-32-64"])
def test_models_of_many_betas_take_images_of_every_size(nets: str):
    model = declare("vae", {"nets": nets, "rates": (0.1, 10.0)}).build(Signature(Image(3, 21, 14), ()))
    batch = {"x": torch.rand(2, 3, 21, 14).round(), "log_beta_z": torch.zeros(2, 1)}
    assert model.terms(batch).elbo.isfinite().all()


def test_a_variable_comes_after_its_parents():
    x = BernoulliPixels(Joined(nn.Linear(2, 4), nn.Unflatten(1, (1, 2, 2))), "z")
    with pytest.raises(ValueError, match="x is declared before its parents z"):
        Model(p={"x": x, "z": StandardNormal(2)}, q={})


def test_a_posterior_needs_a_prior():
    with pytest.raises(ValueError, match="posterior without a prior: w"):
        Model(p={"z": StandardNormal(2)}, q={"w": DiagonalGaussian(Joined(nn.Linear(4, 4)), "x")})


def test_a_batch_without_the_observed_is_refused():
    model = built("vae", {}, 8)
    with pytest.raises(ValueError, match="the batch lacks x; it holds y, z"):
        model.terms({"z": torch.zeros(B, 16), "y": one_hot(torch.arange(B), K)})


class OneHotClass(Conditional):
    """p(y | parents), a class as a one-hot row; without parents its logits are parameters."""

    def __init__(self, net: nn.Module | None, *given: str):
        super().__init__(*given)
        self.net, self.logits = net, nn.Parameter(torch.randn(K))

    def forward(self, env: Any) -> Distribution:
        return OneHotCategorical(logits=self.net(*self.parents(env)) if self.net else self.logits)


@pytest.fixture
def joint() -> Model:
    """A Joint VAE: the class is in both nets, so that a batch may hold it or not."""
    decoder = Joined(nn.Linear(2 + K, 4), nn.Unflatten(1, (1, 2, 2)))
    return Model(
        p={"y": OneHotClass(None), "z": StandardNormal(2), "x": BernoulliPixels(decoder, "z", "y")},
        q={
            "y": OneHotClass(Joined(nn.Linear(4, K)), "x"),
            "z": DiagonalGaussian(Joined(nn.Linear(4 + K, 4)), "x", "y"),
        },
    )


def test_a_latent_that_the_batch_holds_is_observed_there(joint: Model):
    batch = batch_of(2)
    terms = joint.terms(batch)
    assert set(terms.log_likelihood) == {"y", "x"}
    assert set(terms.kl) == {"z"}
    prior, classifier = joint.p["y"](batch), joint.q["y"](batch)
    assert torch.allclose(terms.log_likelihood["y"], prior.log_prob(batch["y"]))
    assert torch.allclose(terms.score["y"], classifier.log_prob(batch["y"]))


def test_a_latent_that_the_batch_lacks_has_a_divergence_and_no_score(joint: Model):
    terms = joint.terms({"x": batch_of(2)["x"]}, draw=mean)
    assert set(terms.log_likelihood) == {"x"}
    assert set(terms.kl) == {"y", "z"}
    assert terms.score == {}


def test_a_discrete_latent_has_no_draw_with_a_gradient(joint: Model):
    with pytest.raises(NotImplementedError):
        joint.terms({"x": batch_of(2)["x"]}, draw=rsample)


def test_a_prior_that_reads_what_is_inferred_from_its_own_variable_is_compared_at_draws():
    def head(inputs: int) -> nn.Module:
        return Joined(nn.Linear(inputs, 4))

    p = {"u": StandardNormal(2), "z": DiagonalGaussian(head(2), "u")}
    x = BernoulliPixels(Joined(nn.Linear(2, 4), nn.Unflatten(1, (1, 2, 2))), "z")
    model = Model({**p, "x": x}, {"z": DiagonalGaussian(head(4), "x"), "u": DiagonalGaussian(head(2), "z")})
    assert model.by_draws == ["z"]
    batch = {"x": torch.rand(B, 1, 2, 2).round()}
    inferred = model.infer(batch, rsample)
    q, prior = inferred.posteriors["z"], model.p["z"](inferred.env)
    z = inferred.env["z"]
    assert torch.allclose(model.terms(batch, inferred=inferred).kl["z"], q.log_prob(z) - prior.log_prob(z))
