"""Complete scripts that make a page's picture with `vae_core` alone, for a visitor to copy.

Each function takes what a page was asked for and gives the text of a script that writes `picture.png`: the same pictures, row after
row. A page with a picture of another kind calls `script` with lines of its own, or `of_codes`, which decodes codes written out.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from latent_explorer.text import command, place
from vae_core import Checkpoint, bundled
from vae_core.data import known
from vae_core.labels import has_label
from vae_core.names import IMAGE, LABEL

# Where the names that a script may use come from, in the order of its imports.
SOURCES = {
    "data_of": "vae_core.data",
    "Sampler": "vae_core.distributions",
    **dict.fromkeys(
        ("codes_of", "complete", "decode", "prior_codes", "ruler", "sample", "swap", "traverse"),
        "vae_core.explore",
    ),
    "one_hot": "vae_core.priors",
}


def script(checkpoint: Checkpoint, title: str, lines: Sequence[str], columns: int, **sources: str) -> str:
    """A script: opens the checkpoint as `checkpoint`, `model` and `atlas`, runs the lines, which make `images` `(N, *shape)`, and saves
    their pictures in rows of `columns`.

    What the lines use of `SOURCES`, or of `sources` (name=module), is imported.
    """
    text = "\n".join(lines)
    imports: dict[str, list[str]] = {}
    for name, module in sorted((SOURCES | sources).items(), key=lambda pair: pair[::-1]):
        if re.search(rf"\b{name}[(.]", text):
            imports.setdefault(module, []).append(name)
    return "\n".join(
        [
            f'"""{_quoted(title)[1:-1]}: writes picture.png."""',
            "",
            "import torch",
            "from torchvision.utils import save_image",
            "",
            "import vae_core",
            *(f"from {module} import {', '.join(names)}" for module, names in imports.items()),
            "",
            *opened(checkpoint),
            "model, atlas = checkpoint.model, checkpoint.atlas",
            "",
            *lines,
            f'save_image(checkpoint.kind.picture(images) / 255, "picture.png", nrow={columns}, padding=0)',
            "",
        ]
    )


def opened(checkpoint: Checkpoint) -> list[str]:
    """The lines that open the checkpoint at its betas. Paths outside the working directory are not disclosed: of one outside the folder that the
    server was started in, only the name is written."""
    comment = ""
    if bundled().get(checkpoint.name) == checkpoint.folder:
        folder = f"vae_core.bundled()[{_quoted(checkpoint.name)}]"
    else:
        folder = _quoted(place(checkpoint.folder))
        if not checkpoint.folder.resolve().is_relative_to(Path.cwd()):
            comment = "  # the path of the checkpoint's folder"
    lines = [
        f"vae_core.use({_quoted(plugin)})  # the path of the plug-in" for plugin in checkpoint.card.plugins
    ]
    lines.append(f"checkpoint = vae_core.load({folder}){comment}")
    return lines + (
        [f"checkpoint = checkpoint.at({json.dumps(checkpoint.betas)})"] if checkpoint.betas else []
    )


def source_of(checkpoint: Checkpoint) -> list[str]:
    """The line that opens the data of the checkpoint; of a folder or file the name alone is written."""
    told = checkpoint.card.data
    if known(told.name):
        return ["source = data_of(checkpoint.card.data)"]
    return [
        f"source = data_of(checkpoint.card.data, {_quoted(told.name)})  # the path of the folder or file that it was trained from"
    ]


def measuring(checkpoint: Checkpoint, *groups: str) -> str:
    """The command that measures these groups of numbers of the checkpoint at its betas."""
    betas = [word for block, beta in checkpoint.betas.items() for word in (block, f"{beta:g}")]
    return run(checkpoint, "evaluate", *(["--beta", *betas] if betas else []), "--metrics", *groups)


def run(checkpoint: Checkpoint, name: str, *options: str) -> str:
    """A command of `latent-explorer` over the checkpoint, as a shell reads it."""
    plugins = [word for plugin in checkpoint.card.plugins for word in ("--plugin", plugin)]
    return command("latent-explorer", name, named(checkpoint), *plugins, *options)


def named(checkpoint: Checkpoint) -> str:
    """The folder of a checkpoint in a command."""
    folder = (
        checkpoint.name if bundled().get(checkpoint.name) == checkpoint.folder else place(checkpoint.folder)
    )
    return f"./{folder}" if folder.startswith("-") else folder


def _quoted(text: str) -> str:
    """A text as Python reads it, on one line."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def codes_of_items(checkpoint: Checkpoint, items: Sequence[int]) -> list[str]:
    """`codes`: what decodes these items."""
    lines = [
        f"indices = {list(items)}",
        "codes = codes_of({name: torch.from_numpy(atlas.means[name][indices]) for name in model.latents})",
    ]
    if _given_class(checkpoint):
        lines.append(
            f'codes["{LABEL}"] = one_hot(torch.from_numpy(atlas.labels[indices]), {_classes(checkpoint)})'
        )
    return lines


def _given_class(checkpoint: Checkpoint) -> bool:
    """Whether a class that is no latent is part of a code."""
    return LABEL in checkpoint.model.coded and LABEL not in checkpoint.model.latents


def codes_from_prior(checkpoint: Checkpoint, label: int | None, seed: int | None) -> list[str]:
    """`codes`: one draw of the prior, or its mean, given the class where there is one."""
    inputs = "{}" if label is None else f'{{"{LABEL}": {_class(checkpoint, label)}}}'
    draw = "" if seed is None else f", draw=Sampler.seeded({seed})"
    return [f"codes = prior_codes(model, {inputs}{draw})"]


def codes_written(codes: Mapping[str, Tensor], name: str = "codes") -> list[str]:
    """`codes` `(N, D)` as numbers."""
    rows = [f'    "{block}": torch.tensor({_numbers(code)}),' for block, code in codes.items()]
    return [f"{name} = {{", *rows, "}"]


def of_codes(checkpoint: Checkpoint, title: str, codes: Mapping[str, Tensor], columns: int) -> str:
    """Any codes `(N, D)`, such as a mean, a point or a path, written out and decoded."""
    return script(checkpoint, title, [*codes_written(codes), "images = decode(model, codes)"], columns)


def of_components(
    checkpoint: Checkpoint,
    title: str,
    codes: Mapping[str, Tensor],
    columns: int,
    block: str,
    components: Sequence[int],
) -> str:
    """Codes `(N, D)` written out and decoded, so many columns for each of these components of a VampPrior, behind the component's pseudo-input."""
    lines = [
        *codes_written(codes),
        f"drawn = decode(model, codes).unflatten(0, (-1, {columns}))",
        f'inputs = pseudo_inputs(model, "{block}")[{list(components)}]',
        "images = torch.cat([inputs[:, None], drawn], dim=1).flatten(0, 1)",
    ]
    return script(checkpoint, title, lines, 1 + columns, pseudo_inputs="vae_core.explore.components")


def traversal(
    checkpoint: Checkpoint,
    start: Sequence[str],
    label: int | None,
    block: str,
    dimensions: Sequence[int],
    span: float,
    steps: int,
) -> str:
    """`start` holds the lines that make `codes`; `label` is the class that the block's prior is given."""
    given = "codes"
    if label is not None and has_label(checkpoint.model) and LABEL not in checkpoint.model.coded:
        given = f'{{"{LABEL}": {_class(checkpoint, label)}, **codes}}'
    return script(
        checkpoint,
        f"Traversals of {block} of {checkpoint.name}, one dimension a row",
        [
            *start,
            "start = {name: code[0] for name, code in codes.items()}",
            f'scale = ruler(model, "{block}", {given}, span={span}, steps={steps})',
            f"dimensions = {list(dimensions)}",
            f'images = traverse(model, start, "{block}", dimensions, scale.values[dimensions]).flatten(0, 1)',
        ],
        steps,
    )


def samples(
    checkpoint: Checkpoint, rows: Sequence[int | None], columns: int, seed: int, temperature: float
) -> str:
    """Samples of the prior, a row for each of `rows`: of its class, or of the whole prior."""
    draw = f"draw=Sampler.seeded({seed}, temperature={temperature})"
    if has_label(checkpoint.model) and None not in rows:
        lines = [
            f"label = torch.tensor({list(rows)}).repeat_interleave({columns})",
            f'images = sample(model, {{"{LABEL}": one_hot(label, {_classes(checkpoint)})}}, {draw})',
        ]
    else:
        own = "model.as_trained()" if has_label(checkpoint.model) else "model"
        lines = [f"images = sample({own}, {{}}, n={len(rows) * columns}, {draw})"]
    return script(checkpoint, f"Samples of the prior of {checkpoint.name}", lines, columns)


def swaps(
    checkpoint: Checkpoint,
    items: Sequence[int],
    kept: Sequence[str],
    yours: Mapping[str, Tensor] | None = None,
    to: range | None = None,
) -> str:
    """The swap matrix of items, and below them of an image with the codes `yours` `(1, D)`; of the classes `to`, all unless given."""
    lines = codes_of_items(checkpoint, items)
    if yours is not None:
        joined = "codes = {name: torch.cat([codes[name], yours[name]]) for name in codes}"
        lines += [*codes_written(yours, "yours"), joined]
    classes = _classes(checkpoint)
    some = "" if to is None or len(to) == classes else f", {to}"
    return script(
        checkpoint,
        f"Styles of images in every class, by {checkpoint.name}",
        [
            *lines,
            f"kept = {{name: codes[name] for name in {json.dumps(list(kept))}}}",
            f"images = torch.cat([decode(model, codes)[:, None], swap(model, kept{some})], dim=1).flatten(0, 1)",
        ],
        1 + (classes if to is None else len(to)),
    )


def held(
    checkpoint: Checkpoint,
    items: Sequence[int],
    name: str,
    draws: int,
    seed: int,
    temperature: float,
    *,
    derived: Sequence[str],
    originals: bool,
    every_class: bool = False,
) -> str:
    """Some variables of each item held, the rest drawn, or with the classes in turn. `derived` are the observations beside the image, which come from the original
    images or, where these are not at hand, from the codes."""
    model = checkpoint.model
    needed, others = [name, *model.inputs(name)], json.dumps(list(derived))
    lines = [*codes_of_items(checkpoint, items), "values = {**codes}"]
    if derived and originals:
        lines += [
            *source_of(checkpoint),
            f'data = source.split("{checkpoint.atlas.split}").scored_by(model)',
            "batch = data.batch(torch.tensor(indices), Sampler.seeded(0))",
            f'values |= model.infer({{"{IMAGE}": batch["{IMAGE}"]}}, only={others}).env',
        ]
    if derived:
        lines.append(f"values = model.generate(values, only={others})")
    if LABEL in needed:
        lines.append(
            f'values["{LABEL}"] = one_hot(torch.from_numpy(atlas.labels[indices]), {_classes(checkpoint)})'
        )
    number = _classes(checkpoint)
    in_turn = [f'fixed["{LABEL}"] = one_hot(torch.arange({len(items) * draws}) % {number}, {number})']
    in_turn = in_turn if every_class else []
    size = checkpoint.signature.shape[-2:]
    draw = f"draw=Sampler.seeded({seed}, temperature={temperature})"
    return script(
        checkpoint,
        f"{name} of images held, the rest drawn, by {checkpoint.name}",
        [
            *lines,
            f"fixed = {{name: values[name].repeat_interleave({draws}, 0) for name in {json.dumps(needed)}}}",
            *in_turn,
            f'drawn = complete(model, fixed, {draw})["{IMAGE}"]',
            f"drawn = drawn.unflatten(0, (-1, {draws}))",
            "columns = [decode(model, codes)]",
            *(line for other in derived for line in _enlarged(other, size)),
            "images = torch.cat([torch.stack(columns, dim=1), drawn], dim=1).flatten(0, 1)",
        ],
        1 + len(derived) + draws,
    )


def _enlarged(name: str, size: Sequence[int]) -> list[str]:
    height, width = size
    return [
        f'high, wide = values["{name}"].shape[-2:]',
        f'large = values["{name}"].repeat_interleave(-(-{height} // high), -2).repeat_interleave(-(-{width} // wide), -1)',
        f"columns.append(large[..., :{height}, :{width}])",
    ]


def _numbers(code: Tensor) -> str:
    """A tensor as nested lists, each number as the shortest text that gives the same float."""
    if code.ndim > 1:
        return f"[{', '.join(_numbers(row) for row in code)}]"
    return f"[{', '.join(str(number) for number in code.cpu().numpy())}]"


def _classes(checkpoint: Checkpoint) -> int:
    return len(checkpoint.atlas.classes)


def _class(checkpoint: Checkpoint, label: int) -> str:
    return f"one_hot(torch.tensor([{label}]), {_classes(checkpoint)})"
