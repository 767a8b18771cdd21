"""The way out: graphs that give what the model gives, within 1e-5, and a JSON that says what they take and give."""

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch

import vae_core
from tests.support.tiers import case
from vae_core.checkpoints import bundled
from vae_core.cli import main
from vae_core.distributions import NormalizingFlow
from vae_core.explore import decode, encode, prior_given
from vae_core.graphs import read_graph
from vae_core.interchange import MANIFEST, OPSET, export_onnx
from vae_core.interchange.written import graph_of, parts_of
from vae_core.kinds import Image, Table
from vae_core.model import Model
from vae_core.models import CDVAE, CVAE, PPCA, SRVAE, VAE, Declaration, Joint, Ladder, Signature
from vae_core.multirate import at

CLASSES = ("a", "b", "c")
IMAGES = Signature(Image(1, 8, 8), CLASSES)


def table(types: tuple[str, ...]) -> Signature:
    rows = torch.rand(20, len(types), generator=torch.Generator().manual_seed(0)) * 4
    whole = torch.tensor([kind != "real" for kind in types])
    rows = torch.where(whole, rows.round(), rows)
    rows = torch.where(torch.tensor([kind == "binary" for kind in types]), rows.clamp(max=1), rows)
    return Signature(Table.of(rows, [f"f{i}" for i in range(len(types))], types), CLASSES)  # type: ignore[arg-type]


SMALL = {"nets": "mlp-256"}
DECLARED: dict[str, tuple[Declaration, Signature]] = {
    "vae": (VAE(latent=3), IMAGES),
    "mixture": (VAE(latent=3, prior="mixture", components=3), IMAGES),
    "vamp": (VAE(latent=3, prior="vamp", components=4), IMAGES),
    "flow": (VAE(latent=3, prior="flow", flow_transforms=1, flow_width=8), IMAGES),
    "cdvae of flows": (
        CDVAE(unlabelled=2, prior="class-flow", unlabelled_prior="flow", flow_transforms=1, **SMALL),
        IMAGES,
    ),
    "convolutions": (VAE(latent=3, nets="conv-32"), IMAGES),
    "rates": (VAE(latent=3, rates=(0.1, 10.0)), IMAGES),
    "cdvae": (CDVAE(unlabelled=2, **SMALL), IMAGES),
    "cdvae of classes": (
        CDVAE(unlabelled=2, prior="class-mixture", unlabelled_prior="mixture", **SMALL),
        IMAGES,
    ),
    "cdvae of rates": (CDVAE(unlabelled=2, rates=(0.5, 2.0), **SMALL), IMAGES),
    "cvae": (CVAE(latent=3, **SMALL), IMAGES),
    "cvae of classes": (CVAE(latent=3, prior="class-mixture", **SMALL), IMAGES),
    "joint": (Joint(latent=3, prior="class", **SMALL), IMAGES),
    "ladder": (Ladder(latent=(3, 2), **SMALL), IMAGES),
    "srvae": (SRVAE(latent=3, coarse_latent=2, prior="mixture", components=2), IMAGES),
    "ppca": (PPCA(latent=3), IMAGES),
    **{
        likelihood: (VAE(latent=3, likelihood=likelihood, gamma=gamma), IMAGES)  # type: ignore[arg-type]
        for likelihood, gamma in {
            "continuous-bernoulli": None,
            "gaussian": None,
            "gaussian-pixel": None,
            "gaussian-optimal": None,
            "gaussian-fixed": 0.2,
        }.items()
    },
    "categorical": (VAE(latent=3, likelihood="categorical", levels=4), IMAGES),
    "real table": (VAE(latent=2), table(("real", "real", "real"))),
    "ppca of a table": (PPCA(latent=2), table(("real", "real", "real"))),
    "binary table": (VAE(latent=2), table(("binary", "binary"))),
    "counts": (VAE(latent=2, likelihood="poisson"), table(("count", "count", "count"))),
    "dispersed counts": (
        VAE(latent=2, likelihood="negative-binomial", dispersion="feature-class"),
        table(("count", "count", "count")),
    ),
    "mixed table": (VAE(latent=2), table(("real", "count", "binary"))),
    "rates of counts": (VAE(latent=2, rates=(0.1, 10.0)), table(("count", "count"))),
}


def built(name: str) -> tuple[Model, Signature]:
    declaration, signature = DECLARED[name]
    model = declaration.build(signature).eval().requires_grad_(False)
    with torch.no_grad():  # at the beginning many weights are 0, and would hide what they multiply
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.05)
    return model, signature


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected.expand_as(found), rtol=1e-5, atol=1e-5)


# Of each structure, each likelihood of images and each kind of table, one in the default run.
USUAL = ("cdvae of rates", "joint", "ladder", "srvae", "vamp", "gaussian", "mixed table")


@pytest.mark.parametrize("name", [case(name, slow=name not in USUAL) for name in DECLARED])
def test_every_kind_of_model_goes_out_as_it_is(name: str):
    model, signature = built(name)
    graphs = {part.name: read_graph(graph_of(model, part)[0]) for part in parts_of(model, signature.shape)}
    check_graphs(graphs, model, signature)


def check_graphs(graphs: dict, model: Model, signature: Signature) -> None:
    """Encoder, decoder and priors against the model's own verbs, on five examples."""
    size, beta = 5, 1.3
    betas = {
        port.name: torch.full((size, 1), beta)
        for port in (*graphs["encoder"].inputs, *graphs["decoder"].inputs)
        if port.name.startswith("beta_")
    }
    held = at(model, {name.removeprefix("beta_"): beta for name in betas}) if betas else model
    x = torch.rand(size, *signature.shape).round()
    label = (
        torch.eye(len(signature.classes))[torch.arange(size) % len(signature.classes)]
        if signature.classes
        else None
    )
    given = {"x": x} if label is None or "y" not in held.encoder_reads else {"x": x, "y": label}
    found = graphs["encoder"].run({**given, **betas})
    posteriors = encode(held, given)
    for block in held.blocks:
        close(found[f"{block}_mean"], posteriors[block].mean)
        close(found[f"{block}_log_variance"], posteriors[block].variance.log())
    if "y" in held.latents:
        close(found["y_probabilities"], posteriors["y"].mean)
    codes = {name: torch.randn(size, width) for name, width in held.sizes.items()}
    if label is not None and "y" in (*held.latents, *held.inputs(*codes)):
        codes["y"] = label
    if "library" in held.p:
        codes["library"] = torch.full((size, 1), 7.0)
    read = {port.name for port in graphs["decoder"].inputs} - set(betas)
    assert read <= set(codes)
    shown = graphs["decoder"].run({**{name: codes[name] for name in read}, **betas})["x_mean"]
    close(held.p["x"].reading.shown(shown), decode(held, codes))  # type: ignore[operator]
    for block in held.blocks:
        parents = {name: codes.get(name, label) for name in held.p[block].given if name != "coarse"}
        if "coarse" in held.p[block].given:
            parents["coarse"] = held.infer({"x": x}, only=["coarse"]).env["coarse"]
        prior = prior_given(held, block, parents) if parents else held.p[block]({})
        if isinstance(prior, NormalizingFlow):
            drawn = graphs[f"prior_{block}_draw"].run({**parents, "noise": codes[block]})[block]
            close(drawn, prior.pushed(codes[block]))
            density = graphs[f"prior_{block}_log_density"].run({**parents, block: drawn})
            close(density[f"{block}_log_density"], prior.log_prob(drawn))
            continue
        told = graphs[f"prior_{block}"].run(parents)
        if f"{block}_mean" in told:
            close(told[f"{block}_mean"], prior.mean)
            close(told[f"{block}_log_variance"], prior.variance.log())
        else:
            weights = told[f"{block}_log_weights"].exp()
            close((weights[..., None] * told[f"{block}_means"]).sum(-2), prior.mean)


def test_a_class_that_a_posterior_reads_can_be_given():
    model, signature = built("joint")
    graphs = {part.name: read_graph(graph_of(model, part)[0]) for part in parts_of(model, signature.shape)}
    x, y = torch.rand(3, 1, 8, 8).round(), torch.eye(3)
    found = graphs["encoder_given_y"].run({"x": x, "y": y})
    close(found["z_mean"], model.infer({"x": x, "y": y}).posteriors["z"].mean)


@pytest.fixture
def folder(trained: dict[str, Path]) -> Path:
    return trained["rate-digits"]


def test_the_command_writes_graphs_and_says_what_they_take(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    assert main(["export", str(folder), "--onnx", "--out", str(out)]) == 0
    written = sorted(path.name for path in out.iterdir())
    assert written == ["decoder.onnx", "encoder.onnx", MANIFEST, "prior_z.onnx"]
    printed = capsys.readouterr().out.split()
    assert sorted(printed) == sorted(str(out / name) for name in written)
    told = json.loads((out / MANIFEST).read_text())
    assert told["opset"] == OPSET
    assert told["betas"] == {"z": [0.1, 10.0]}
    assert [part["name"] for part in told["graphs"]["encoder"]["inputs"]] == ["x", "beta_z"]
    assert told["graphs"]["encoder"]["outputs"][0] == {
        "name": "z_mean",
        "shape": ["batch", 4],
        "about": "z: mean",
    }
    for graph in told["graphs"].values():
        model = onnx.load(out / graph["file"])
        onnx.checker.check_model(model)
        assert [opset.version for opset in model.opset_import] == [OPSET]
        assert [part.name for part in model.graph.input] == [part["name"] for part in graph["inputs"]]
        assert [part.name for part in model.graph.output] == [part["name"] for part in graph["outputs"]]


def test_what_it_is_to_write_has_to_be_said(
    folder: Path, capsys: pytest.CaptureFixture[str], one_line: Callable[[str], str]
):
    assert main(["export", str(folder)]) == 2
    assert "--onnx" in one_line(capsys.readouterr().err)


def test_a_write_that_fails_leaves_the_old_graphs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    checkpoint = vae_core.load(folder)
    export_onnx(checkpoint, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    monkeypatch.setattr(
        "vae_core.checkpoints.folder.os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        export_onnx(checkpoint, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled())
def test_a_bundled_model_goes_out_as_it_is(name: str, tmp_path: Path):
    checkpoint = vae_core.load(name)
    export_onnx(checkpoint, tmp_path)
    graphs = {path.stem: read_graph(path) for path in tmp_path.glob("*.onnx")}
    check_graphs(graphs, Model(checkpoint.model.p, checkpoint.model.q), checkpoint.signature)
