"""A training as a film: its map, KL bars, reconstructions and samples at each frame. Shapes: N items, D dimensions, H W C a picture."""

import io
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from latent_explorer.palette import colours
from vae_core.runs import Frames, Header

# Frames of a film at most, milliseconds of each, and pixels: the side of the map, of a picture at least, the line of words, the bars.
MOST, MILLISECONDS, SIDE, PICTURE, LINE, BARS = 200, 80, 320, 40, 18, 60
GROUND, INK, QUIET = (24, 24, 24), (230, 230, 230), (120, 120, 120)
AWAKE = 0.1  # nats: below it a dimension sleeps
DOT = 1
NO_MP4 = "An MP4 needs PyAV: pip install 'latent-explorer[film]' where the server runs, or take the WebP."


def film(frames: Frames, kind: str, umap: bool = False) -> bytes:
    """The frames as a WEBP, GIF or MP4, evenly fewer where they are many, with the map by UMAP where it is asked for and there is one.

    Raises ValueError, one sentence, where there are none, and for a kind that this server does not make.
    """
    count = len(frames)
    if not count:
        raise ValueError("there are no frames yet")
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST)).round().astype(int))
    records = np.concatenate([frames.read(int(number), int(number) + 1) for number in chosen])
    by_umap = umap and frames.header.umap > 0
    reach = np.maximum.accumulate(records["umap_extent" if by_umap else "reach"], 0)
    most = float(np.nanmax(records["kl"], initial=1.0))
    pictures = [
        drawn(frames.header, record, each, most, by_umap) for record, each in zip(records, reach, strict=True)
    ]
    if kind == "MP4":
        return mp4(pictures, 1000 / MILLISECONDS)
    first, *rest = pictures
    buffer = io.BytesIO()
    quick = {"quality": 80, "method": 0} if kind == "WEBP" else {}
    first.save(buffer, kind, save_all=True, append_images=rest, duration=MILLISECONDS, loop=0, **quick)
    return buffer.getvalue()


def no_mp4() -> str:
    """Why this server makes no MP4; empty where it does."""
    return "" if find_spec("av") else NO_MP4


def mp4(pictures: Sequence[Image.Image], rate: float) -> bytes:
    """The pictures as H.264, which office programs and phones play. Raises ValueError where PyAV is not installed."""
    if no_mp4():
        raise ValueError(NO_MP4)
    import av

    buffer = io.BytesIO()
    width, height = (side // 2 * 2 for side in pictures[0].size)  # H.264 halves the colours
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream(
            "libx264", rate=Fraction(rate).limit_denominator(1000), options={"crf": "18"}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_image(picture.crop((0, 0, width, height)))
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return buffer.getvalue()


def drawn(
    header: Header, record: np.ndarray, reach: np.ndarray, most: float, umap: bool = False
) -> Image.Image:
    """One frame: the map of the first block at the left; at the right originals over reconstructions, samples, and bars."""
    height, width, _ = header.picture
    rows = [header.pictures, record["reconstructions"], record["samples"]]
    factor = max(1, -(-PICTURE // max(height, width)))
    sheet = _sheet([row for row in rows if len(row)], factor)
    image = Image.new("RGB", (SIDE + 12 + sheet.width, max(SIDE, sheet.height + BARS + 8) + LINE), GROUND)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    pen.text((4, 2), f"step {int(record['step']):,}, epoch {int(record['epoch'])}", INK, font)
    image.paste(_map(header, record, reach, umap), (0, LINE))
    image.paste(sheet, (SIDE + 8, LINE))
    _bars(pen, record["kl"], most, SIDE + 8, LINE + sheet.height + 8, sheet.width)
    return image


def _map(header: Header, record: np.ndarray, reach: np.ndarray, umap: bool) -> Image.Image:
    """The fixed items of the first block, by class."""
    field = "umap" if umap else "positions"
    places = record[field][0].astype(float) / 32767 * float(record["umap_extent" if umap else "extent"][0])
    unit = SIDE / 2 / max(1.15 * float(reach[0]), 1e-6)
    at = np.nan_to_num(places) * (unit, -unit) + SIDE / 2
    labels = np.asarray(header.labels or [0] * len(at), int)[: len(at)]
    shades = np.array(
        [tuple(bytes.fromhex(colour[1:])) for colour in colours(max(1, len(header.classes)))], np.uint8
    )
    canvas = np.full((SIDE, SIDE, 3), GROUND, np.uint8)
    for x, y in ((x, y) for x in range(-DOT, DOT + 1) for y in range(-DOT, DOT + 1)):
        spots = np.clip((at + np.array([x, y])).round().astype(int), 0, SIDE - 1)
        canvas[spots[:, 1], spots[:, 0]] = shades[np.clip(labels, 0, len(shades) - 1)]
    return Image.fromarray(canvas)


def _sheet(rows: Sequence[np.ndarray], factor: int) -> Image.Image:
    """Rows of pictures `(n, H, W, C)` under each other, enlarged."""
    count = max(len(row) for row in rows)
    height, width, channels = rows[0].shape[1:]
    sheet = np.full((len(rows) * (height + 1), count * (width + 1), 3), GROUND, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            colour = picture if channels == 3 else np.repeat(picture[:, :, :1], 3, 2)
            sheet[y * (height + 1) : y * (height + 1) + height, x * (width + 1) : x * (width + 1) + width] = (
                colour
            )
    return Image.fromarray(sheet.repeat(factor, 0).repeat(factor, 1))


def _bars(pen: ImageDraw.ImageDraw, kl: np.ndarray, most: float, left: int, top: int, width: int) -> None:
    each = width / max(1, len(kl))
    for number, value in enumerate(np.nan_to_num(kl)):
        tall = max(1.0, BARS * min(1.0, float(value) / max(most, AWAKE)))
        box = (left + number * each, top + BARS - tall, left + number * each + max(1, 0.8 * each), top + BARS)
        pen.rectangle(box, (65, 143, 214) if value >= AWAKE else QUIET)
