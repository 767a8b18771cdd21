"""Which inputs of two graphs are the class, and in what form they take it.

Shapes: B examples, K classes.
"""

from collections.abc import Collection

from ..graphs import WHOLE, GraphError, OnnxGraph, Port
from ..models.values import CLASS_FORMS, ClassInput
from .search import Search, role_of

# What an input is called that is the class.
CLASS_NAMES = (
    "y",
    "c",
    "label",
    "labels",
    "class",
    "classes",
    "cond",
    "condition",
    "target",
    "onehot",
    "one_hot",
    "y_onehot",
)


def find_classes(search: Search, held: Collection[str]) -> None:
    """Set the inputs of both graphs that are the class: those that are named by option or by what they are called, or are whole numbers.

    Raises GraphError for an option that fits no input, for data without classes, and for an input that takes another number of them.
    """
    asked = set(search.asked.label)
    known = {port.name for graph in (search.encoder, search.decoder) for port in graph.inputs}
    if missing := sorted(asked - known):
        raise GraphError(
            f"neither graph has an input {missing[0]!r}: the class is one of {', '.join(sorted(known - set(held)))}"
        )
    encoder, decoder = (_class_port(search, graph, held) for graph in (search.encoder, search.decoder))
    search.encoder_class = encoder and _told(search, search.encoder, encoder)
    search.decoder_class = decoder and _told(search, search.decoder, decoder)
    parts = {"encoder": search.encoder_class, "decoder": search.decoder_class}
    search.notes += [
        f"the {name} is told the class: {told.input}, {'one-hot' if told.form == 'one-hot' else 'its number, from 0 on'}"
        for name, told in parts.items()
        if told
    ]


def _class_port(search: Search, graph: OnnxGraph, held: Collection[str]) -> Port | None:
    """The input beside the one that a graph needs whatever it is."""
    ports = [port for port in graph.inputs if port.name not in held]
    latents = {role.block for port in search.encoder.outputs if (role := role_of(port.name))}
    if len(ports) < 2:
        return None
    asked = [port for port in ports if port.name in search.asked.label]
    named = [port for port in ports if port.name.lower() in CLASS_NAMES and port.name.lower() not in latents]
    whole = [port for port in ports if port.type in WHOLE]
    found = asked or whole or named
    return found[0] if len(found) == 1 else None


def _told(search: Search, graph: OnnxGraph, port: Port) -> ClassInput:
    """The class as an input takes it, by its shape and type, unless it is said."""
    classes, sides = search.y.shape[1], port.shape[1:]
    if not classes:
        raise GraphError(
            f"{graph.name} takes {port.told}, the class, and the data have none: give data with labels"
        )
    form = search.asked.label_is
    if form is not None and form not in CLASS_FORMS:
        raise GraphError(f"a class is not told as {form!r}: choose one of {', '.join(CLASS_FORMS)}")
    if form is None:
        is_row = sides == (classes,) or (sides == (None,) and port.type not in WHOLE)
        form = "one-hot" if is_row else "index"
    fits = sides in ((classes,), (None,)) if form == "one-hot" else sides in ((), (1,), (None,))
    if not fits:
        raise GraphError(
            f"{graph.name} takes {port.told}, which is told no class of {classes} as {form}: give the data that it was trained on, or say "
            "which input is the class (--label)"
        )
    return ClassInput(port.name, form)
