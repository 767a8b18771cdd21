"""A copy of a checkpoint in half the bytes."""

from pathlib import Path

from ..models.foreign import graph_nets
from .card import MEASURED, Card, save_card
from .checkpoint import load
from .folder import CARD
from .weights import save_model


def pack(source: Path, target: Path, half: bool = True) -> None:
    """A copy of a checkpoint to keep: card and weights, without training state, measurements and atlas, which rounding would falsify.

    Args:
        source: folder of the checkpoint.
        target: folder of the copy.
        half: round the weights to float16.

    Raises:
        CheckpointError: where `source` is no checkpoint.
        ValueError: where `target` holds one already, or weights are too large for float16.

    Example:
        >>> import tempfile
        >>> from vae_core.checkpoints import located
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pack(located("ppca-mnist"), Path(folder) / "small")
        ...     load(Path(folder) / "small").card.weights
        'float16'
    """
    if (target / CARD).exists():
        raise ValueError(f"{target} already holds a checkpoint: choose another folder")
    checkpoint = load(source)
    if graph_nets(checkpoint.model):
        raise ValueError(f"{source} holds ONNX graphs, which are not rounded: copy the folder")
    if checkpoint.own_data is not None:
        raise ValueError(f"{source} holds embeddings, which are not rounded: copy the folder")
    if half and any(not value.half().isfinite().all() for value in checkpoint.model.state_dict().values()):
        raise ValueError(f"{source} has weights that float16 cannot hold: pack it with --no-half")
    save_model(target, checkpoint.model, half)
    kept = {key: value for key, value in checkpoint.card.json.items() if key not in (*MEASURED, "made")}
    save_card(target, Card.of({**kept, "weights": "float16" if half else "float32", "metrics": {}}))
