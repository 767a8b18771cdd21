"""A report of a checkpoint: one HTML page that needs nothing else and fetches nothing, for a supplement or a printer."""

import base64
from collections.abc import Mapping
from datetime import date
from html import escape

from latent_explorer import titles
from latent_explorer.documents import charts, facts, numbers
from latent_explorer.documents.figures import Figure, figures, strip
from latent_explorer.palette import colours
from latent_explorer.pictures import png
from latent_explorer.text import cleaned
from vae_core import Checkpoint
from vae_core.checkpoints import ATLAS, CheckpointError, spoken

GENERATOR = '<meta name="generator" content="Latent Explorer">'

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{generator}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
body {{ max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 11pt/1.45 Georgia, serif; color: #111; background: #fff; }}
h1, h2, h3, th, figcaption b {{ font-family: Arial, Helvetica, sans-serif; line-height: 1.2; }}
h1 {{ font-size: 1.7rem; margin-bottom: 0.3rem; }} h2 {{ font-size: 1.2rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid #bbb; }}
h3 {{ font-size: 0.95rem; margin: 1.1rem 0 0.3rem; }}
.about, figcaption, .small {{ color: #444; font-size: 0.9rem; }} .wants {{ border-left: 3px solid #b00; padding-left: 0.7rem; }}
.wide {{ overflow-x: auto; }} table {{ border-collapse: collapse; }}
td, th {{ text-align: left; vertical-align: top; padding: 0.15rem 1rem 0.15rem 0; font-weight: normal; overflow-wrap: anywhere; }}
.numbers td, .numbers th {{ border-bottom: 1px solid #e4e4e4; }} .numbers {{ width: 100%; }}
.numbers td + td, .numbers th + th {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.facts th {{ color: #444; white-space: nowrap; font-size: 0.9rem; }}
figure {{ margin: 0.8rem 0 1.4rem; break-inside: avoid; }} figure img {{ display: block; image-rendering: pixelated; max-width: 100%; }}
.strips th {{ vertical-align: middle; white-space: nowrap; font-size: 0.8rem; padding: 1px 0.6rem 1px 0; }} .strips td {{ padding: 1px 0; width: 100%; }}
.strips {{ width: 100%; }} .strips img {{ width: 100%; max-width: var(--wide); }}
.maps {{ display: flex; flex-wrap: wrap; gap: 1rem; }} .maps figure {{ flex: 1 1 18rem; margin: 0; }} .maps img {{ width: 100%; image-rendering: auto; border: 1px solid #ddd; }}
.legend span {{ white-space: nowrap; margin-right: 0.8rem; }} .legend i {{ display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.3em; }}
pre {{ background: #f4f4f4; padding: 0.5rem 0.7rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.82rem; }}
svg {{ max-width: 40rem; width: 100%; }}
@media print {{ body {{ margin: 0; max-width: none; }} h2 {{ break-after: avoid; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="about">{purpose}<br>Report of <code>{name}</code>, written {today} by Latent Explorer. Pictures are made with the checkpoint, numbers are those of its card.</p>
{parts}
</body>
</html>
"""

MOST_LEGEND = 40  # classes that a legend names


def report(checkpoint: Checkpoint, today: date) -> str:
    """The whole page."""
    card, name = checkpoint.card, spoken(checkpoint.folder)
    parts = [
        "".join(f'<p class="wants">{_said(line)}</p>' for line in facts.missing(checkpoint, name)),
        f"<h2>The model</h2>{_facts(facts.model(checkpoint))}",
        f"<h2>Numbers</h2>{_headlines(checkpoint)}" if card.metrics else "",
        _pictures(checkpoint),
        _maps(checkpoint),
        _frontier(checkpoint),
        f"<h2>All numbers, and what measured them</h2>{_numbers(checkpoint)}" if card.metrics else "",
        f"<h2>How it was made</h2>{_facts(facts.making(checkpoint))}{_command(card.command)}",
    ]
    return _PAGE.format(
        generator=GENERATOR,
        title=escape(titles.title(card)),
        purpose=escape(titles.purpose(card)),
        name=escape(checkpoint.name),
        today=today.isoformat(),
        parts="\n".join(filter(None, parts)),
    )


def _said(line: str) -> str:
    """A sentence with commands between backticks."""
    return "".join(
        f"<code>{escape(part)}</code>" if k % 2 else escape(part) for k, part in enumerate(line.split("`"))
    )


def _facts(told: Mapping[str, str]) -> str:
    rows = [
        f"<tr><th>{escape(key)}</th><td>{escape(cleaned(value, 2000))}</td></tr>"
        for key, value in told.items()
        if value
    ]
    return f'<table class="facts">{"".join(rows)}</table>'


def _rows(rows: list[numbers.Row]) -> str:
    cells = [
        f"<tr><td>{escape(row.title)}</td><td>{escape(row.told)}</td><td>{escape(row.n)}</td></tr>"
        for row in rows
    ]
    return f'<div class="wide"><table class="numbers"><tr><th>measure</th><th>value ± standard error</th><th>n</th></tr>{"".join(cells)}</table></div>'


def _headlines(checkpoint: Checkpoint) -> str:
    return _rows(numbers.headlines(checkpoint.card))


def _numbers(checkpoint: Checkpoint) -> str:
    return "".join(
        f'<h3>{escape(group.name)}</h3><p class="small">{escape(group.about)}</p>{_rows(group.rows)}{_command(group.command)}'
        for group in numbers.groups(checkpoint.card)
    )


def _command(line: str) -> str:
    return f"<pre>{escape(line)}</pre>" if line else ""


def _pictures(checkpoint: Checkpoint) -> str:
    found = figures(checkpoint)
    return f"<h2>Pictures</h2>{''.join(map(_figure, found))}" if found else ""


def _figure(figure: Figure) -> str:
    rows = []
    for label, row in zip(figure.labels, figure.rows, strict=True):
        pixels = strip(row)
        alt = escape(f"{figure.title} {label}".strip())
        image = f'<img src="{_embedded(png(pixels))}" alt="{alt}" style="--wide:{_wide(pixels.shape[1], len(row))}px">'
        rows.append(f"<tr><th>{escape(label)}</th><td>{image}</td></tr>")
    return (
        f'<figure><table class="strips">{"".join(rows)}</table>'
        f"<figcaption><b>{escape(figure.title)}.</b> {escape(figure.caption)}</figcaption></figure>"
    )


def _wide(pixels: int, pictures: int) -> int:
    """CSS pixels of a row: whole multiples of its pixels, some 60 a picture."""
    return pixels * max(1, round(60 * pictures / pixels))


def _embedded(image: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def _maps(checkpoint: Checkpoint) -> str:
    if not (checkpoint.folder / ATLAS).exists():
        return ""
    atlas = checkpoint.atlas
    shown = [
        f'<figure><img src="{_embedded(image)}" alt="Map of {escape(block)}"><figcaption><b>{escape(block)}</b></figcaption></figure>'
        for block, image in charts.maps(checkpoint).items()
    ]
    if not shown:
        return ""
    known = list(zip(atlas.classes, colours(len(atlas.classes)), strict=True))[:MOST_LEGEND]
    legend = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in known
    )
    planes = [block for block in checkpoint.model.blocks if charts.is_plane(checkpoint, block)]
    caption = f"Posterior means of {len(atlas):,} {checkpoint.kind.many} ({atlas.split}), {_placed(planes, len(shown))}."
    return f'<h2>Maps</h2><div class="maps">{"".join(shown)}</div><p class="legend small">{legend}</p><p class="small">{escape(caption)}</p>'


def _placed(planes: list[str], maps: int) -> str:
    """How the dots of the maps are placed."""
    by_umap = "placed by UMAP: distances between groups mean little"
    if not planes:
        return by_umap
    itself = ", ".join(f"{block}[1] over {block}[0]" for block in planes)
    return itself if len(planes) == maps else f"{itself}; the others {by_umap}"


def _frontier(checkpoint: Checkpoint) -> str:
    try:
        found = checkpoint.frontier
    except CheckpointError as error:
        return f'<h2>Rate and distortion</h2><p class="wants">{_said(str(error))}</p>'
    if found is None:
        return ""
    anchors = " Squares are models that were trained for one β alone." if found.anchors else ""
    caption = f"Rate against distortion over {len(found.points)} settings of β, on {found.about}; bars are one standard error.{anchors}"
    betas = [
        f"<tr><th>β of {', '.join(map(escape, found.blocks))}</th><th>rate, nats</th><th>distortion, nats</th></tr>"
    ]
    for point in found.points:
        told = ", ".join(f"{beta:g}" for beta in point.betas.values())
        rate, (d, error, _) = f"{point.rate:.2f} ± {point.rate_error:.2f}", point.distortion
        betas.append(f"<tr><td>{told}</td><td>{rate}</td><td>{d:.2f} ± {error:.2f}</td></tr>")
    return (
        f"<h2>Rate and distortion</h2><figure>{charts.frontier(found)}<figcaption>{escape(caption)}</figcaption></figure>"
        f'<div class="wide"><table class="numbers">{"".join(betas)}</table></div>{_command(found.command)}'
    )
