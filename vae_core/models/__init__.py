"""The models, each declared in a few lines of a file of its own, and the registry `MODELS`.

A declaration is a dataclass: its fields are the model's arguments, the options of the command line and what a card
records; `build` assembles the two nets for data of a given signature.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..fields import is_declaration
from ..plugins import Registry
from .cdvae import CDVAE
from .cvae import CVAE
from .declared import Declaration, Signature, Solver, need_classes, positive
from .embeddings import Embeddings
from .factored import FactoredCDVAE, check_told, check_values, told_factors
from .foreign import Onnx
from .joint import Joint
from .ladder import Ladder
from .observations import LIKELIHOODS, OfObservations
from .ppca import PPCA
from .srvae import SRVAE
from .vae import VAE

# Those that are opened and not trained here.
FOREIGN: dict[str, Callable[..., Declaration]] = {"embeddings": Embeddings, "onnx": Onnx}

# The models by name. A line here, or `MODELS.register` elsewhere, is all that the command line, the cards and the tests need.
MODELS: Registry[Callable[..., Declaration]] = Registry(
    "model",
    "latent_explorer.models",
    {
        "cdvae": CDVAE,
        "cvae": CVAE,
        "factored": FactoredCDVAE,
        "joint": Joint,
        "ladder": Ladder,
        "ppca": PPCA,
        "srvae": SRVAE,
        "vae": VAE,
    },
    lambda kind: is_declaration(kind, Declaration),
    "a dataclass made from Declaration, whose fields have types that are there",
    reserved=tuple(FOREIGN),
)


def declare(name: str, arguments: dict[str, Any]) -> Declaration:
    """The declaration of a model by its name.

    Args:
        name: a name of `MODELS` or `FOREIGN`.
        arguments: the fields of the declaration.

    Returns:
        The declaration, to be built for data of a signature.

    Raises:
        ValueError: for a name or an argument that is unknown, and for arguments that make no model.

    Example:
        >>> declare("vae", {"latent": 2}).latent
        2
        >>> declare("gan", {})
        Traceback (most recent call last):
        ValueError: no model is called 'gan': this version knows cdvae, cvae, factored, joint, ladder, ppca, srvae, vae
    """
    kind = FOREIGN.get(name) or MODELS.get(name)
    if kind is None:
        raise ValueError(f"no model is called {name!r}: this version knows {', '.join(MODELS)}")
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ValueError(f"the model {name} does not take these arguments: {error}") from None


def described(declaration: Declaration) -> dict[str, Any]:
    """Name and arguments of a declaration, as a card records them.

    Args:
        declaration: of a model of `MODELS`.

    Returns:
        What JSON can hold.

    Raises:
        ValueError: for one that is not registered.

    Example:
        >>> described(PPCA(latent=2))
        {'name': 'ppca', 'arguments': {'latent': 2, 'fit': 'closed-form'}}
    """
    kind = type(declaration)
    name = next((name for name, own in FOREIGN.items() if own is kind), None) or MODELS.name_of(kind)
    if name is None:
        raise ValueError(
            f'{kind.__name__} is not registered, so that no checkpoint of it could be opened: write @MODELS.register("name") above it'
        )
    arguments = asdict(declaration)  # type: ignore[call-overload]
    return {
        "name": name,
        "arguments": {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()},
    }


__all__ = [
    "CDVAE",
    "CVAE",
    "FOREIGN",
    "LIKELIHOODS",
    "MODELS",
    "PPCA",
    "SRVAE",
    "VAE",
    "Declaration",
    "Embeddings",
    "FactoredCDVAE",
    "Joint",
    "Ladder",
    "OfObservations",
    "Onnx",
    "Signature",
    "Solver",
    "check_told",
    "check_values",
    "declare",
    "described",
    "need_classes",
    "positive",
    "told_factors",
]
