"""The form of the page Train: made of the declarations, and its result is a command."""

from typing import Any

import pytest
from latent_explorer.training import form
from latent_explorer.training.form import Asked

from vae_core.cli.flags import options_of
from vae_core.cli.parsing import parse
from vae_core.cli.run import COMMANDS
from vae_core.data import rooms
from vae_core.fields import options
from vae_core.kinds import Image
from vae_core.models import MODELS, Signature
from vae_core.objectives import OBJECTIVES
from vae_core.training import Options

DIGITS = Signature(Image(1, 8, 8), tuple("0123456789"))
KNOWN = {name: (0, count - 1) for name, count in rooms.FACTORS.items()}
NEEDED = {
    "dip_weight": 5.0,
    "delta": 16.0,
    "capacity": 20.0,
    "tolerance": 8.0,
    "tc_beta": 6.0,
    "tc_weight": 2.0,
    "labels": 100,
}


def trained(asked: Asked) -> tuple[Any, Any]:
    """The declaration and the options of the command that a shell would run."""
    command = parse([*asked.words(), "--out", "runs/x"], COMMANDS).what
    declaration = command.model.declaration()
    return declaration, options_of(command.training, declaration)


@pytest.mark.parametrize(
    "asked",
    [
        Asked("vae", "digits", {"model": {"latent": 3}, "training": {"learning_rate": 1e-4, "epochs": 2}}),
        Asked("cdvae", "digits", {"objective": {"beta": {"z_l": 1.0, "z_u": 4.0}, "class_weight": 20.0}}),
        Asked("vae", "digits", {"model": {"rates": (0.1, 10.0)}, "training": {"stagewise": True}}),
        Asked("ladder", "sprites", {"model": {"latent": (6, 3), "inference": "top-down"}}),
        Asked("vae", "digits", {"objective": {"delta": 16.0}}, objective="constrained"),
    ],
    ids=lambda asked: f"{asked.model}-{'-'.join(asked.values)}",
)
def test_the_command_asks_for_what_the_form_asks(asked: Asked):
    assert trained(asked) == (asked.declaration(), asked.options())


def test_every_field_of_every_declaration_is_in_the_form_once():
    for model, kind in MODELS.items():
        for objective in OBJECTIVES:
            shown = form.groups(Asked(model, "digits", objective=objective))
            names = [[option.name for option in (*group.first, *group.more)] for group in shown]
            wanted = [options(kind), options(OBJECTIVES[objective]), options(Options)]
            assert [sorted(each) for each in names] == [
                sorted(set(each) - {"objective"} if each is wanted[2] else set(each)) for each in wanted
            ]


def test_what_comes_first_of_a_model_is_what_it_adds():
    first = [option.name for option in form.groups(Asked("vae", "digits"))[0].first]
    assert sorted(first[:3]) == ["latent", "nets", "prior"]
    assert first[3:] == ["likelihood"]
    assert all(option.about for group in form.groups(Asked("cdvae", "digits")) for option in group.first)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("objective", [None, *OBJECTIVES])
def test_a_check_says_one_sentence_or_nothing(model: str, objective: str | None):
    needed = {
        option.name: NEEDED[option.name]
        for option in (options(OBJECTIVES[objective]).values() if objective else ())
        if option.required
    }
    asked = Asked(model, "digits", {"objective": needed}, objective)
    said = form.refused(asked, DIGITS, 1350, factors=KNOWN)
    assert "\n" not in said
    if objective is None:
        assert not said


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("vae", "digits", {"model": {"latent": 0}}), "latent"),
        (Asked("vae", "digits", {"model": {"latent": 10**9}}), "65536"),
        (Asked("vae", "digits", {"model": {"prior": "vamp", "components": 0}}), "components"),
        (Asked("vae", "digits", {"model": {"prior": "vamp", "rates": (0.1, 10.0)}}), "vamp"),
        (Asked("vae", "digits", {"objective": {"class_weight": 2.0}}), "conditioned on the class"),
        (Asked("vae", "digits", {"objective": {"beta": -1.0}}), "beta must be above 0"),
        (Asked("vae", "digits", {"objective": {"beta": {"z_q": 1.0}}}), "z_q"),
        (Asked("vae", "digits", {"training": {"validation": 1350}}), "leave some to train on"),
        (Asked("vae", "digits", {"training": {"patience": 3}}), "--validation"),
        (Asked("vae", "digits", {"training": {"batch": 4000}}), "batch"),
        (Asked("vae", "digits", {}, "constrained"), "--delta"),
        (Asked("cdvae", "flat"), "classes"),
    ],
    ids=lambda value: repr(value.values)[:60] if isinstance(value, Asked) else "",
)
def test_what_does_not_fit_is_said_before_it_starts(asked: Asked, words: str):
    flat = Signature(Image(1, 8, 8), ())
    said = form.refused(asked, flat if asked.data == "flat" else DIGITS, 1350)
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        (
            {},
            "the data has no factor called floor; its factors are none that is named: give others by --factors",
        ),
        ({"floor": (0, 9)}, "no factor called object"),
        (KNOWN, ""),
        ({name: (0, count) for name, count in rooms.FACTORS.items()}, "floor runs from 0 to 10"),
    ],
    ids=["none", "one", "all", "more values"],
)
def test_factors_that_the_data_cannot_tell_are_said_before_it_starts(factors: dict, words: str):
    said = form.refused(Asked("factored", "own"), Signature(Image(3, 8, 8), ()), 1350, factors=factors)
    assert (words in said) if words else not said
    assert "\n" not in said


def test_a_large_model_is_checked_without_its_numbers():
    big = Asked("vae", "digits", {"model": {"latent": 65_536, "nets": "mlp-400"}})
    assert form.refused(big, Signature(Image(3, 512, 512), ()), 10_000) == ""


def why_not(given: str) -> str:
    rates = options(MODELS["vae"])["rates"]  # type: ignore[arg-type]
    try:
        asked = Asked("vae", "digits", {"model": {"rates": form.typed(rates, given)}})
    except ValueError as error:
        return str(error)
    return form.refused(asked, DIGITS, 1350)


@pytest.mark.parametrize("given", ["--out x", "one", "z_l", "1 2 3", "nan nan"])
def test_text_that_is_no_value_is_said(given: str):
    assert why_not("0.1, 10") == ""
    assert "rates" in why_not(given)
    assert "\n" not in why_not(given)


def test_a_command_fills_the_form():
    asked = Asked(
        "cdvae",
        "digits",
        {"model": {"unlabelled": 2}, "objective": {"class_weight": 20.0}, "training": {"epochs": 3}},
    )
    again = form.of_command(asked.command("runs/x"))
    assert again == asked
    other = Asked("vae", "digits", {"model": {}, "objective": {"delta": 16.0}, "training": {}}, "constrained")
    assert form.of_command(other.command("runs/x")) == other


@pytest.mark.parametrize(
    "line",
    ["", "rm -rf /", "train", "train gan", "train vae --latent x", "train 'vae", "app", "train vae --help"],
)
def test_what_is_no_command_fills_nothing(line: str, capsys: pytest.CaptureFixture):
    with pytest.raises(ValueError, match="command") as error:
        form.of_command(line)
    assert "\n" not in str(error.value)


def test_a_form_begins_with_beta_and_leaves_what_means_nothing_for_the_model_to_the_end():
    def first(model: str, signature: Signature = DIGITS) -> list[str]:
        group = form.groups(Asked(model, "digits"), signature)[1]
        return [option.name for option in group.first]

    assert first("vae")[0] == "beta"
    assert not {"class_weight", "classifier_weight", "adversary_hidden"} & set(first("vae"))
    assert "class_weight" in first("cdvae")
    assert "adversary" not in first("vae", Signature(Image(1, 8, 8), ()))
