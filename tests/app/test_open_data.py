"""The page Open data: what a visitor may open, what an upload may hold, and that the check is the command's."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from latent_explorer import DATA_ROOT_VARIABLE, LOCAL_VARIABLE, cli
from latent_explorer.own_data import bounds, looking, sizes, uploads
from latent_explorer.own_data.bounds import Bounds, allowed
from latent_explorer.sections.data import state
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.app.conftest import MAIN
from tests.files import figures, write_idx
from vae_core.cli import main

Opener = Callable[..., AppTest]
EVERYTHING = Bounds(Path("/"), everything=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that visitors may open, and beside it one that they may not."""
    home = tmp_path_factory.mktemp("own").resolve()
    root, secret = home / "open", home / "secret"
    for folder in (
        root / "photos" / "a",
        root / "photos" / "b",
        secret,
        root / "empty",
        root / "linked",
        root / "round",
    ):
        folder.mkdir(parents=True)
    images, labels = figures(40)
    np.savez(root / "scans.npz", allow_pickle=False, images=images, labels=labels)
    np.savez(secret / "salaries.npz", allow_pickle=False, images=images)
    for number, image in enumerate(images):
        Image.fromarray(image.squeeze()).save(root / "photos" / "ab"[number % 2] / f"{number}.png")
    Image.fromarray(images[0].squeeze()).save(secret / "portrait.png")
    generator = np.random.default_rng(0)
    table = {"height": generator.normal(size=60), "children": np.arange(60) % 4, "kind": ["x", "y", "z"] * 20}
    pd.DataFrame(table).to_csv(root / "people.csv", index=False)
    (root / "notes.txt").write_text("hello")
    (root / "weights.pt").write_bytes(b"PK\x03\x04 no")
    (root / "out.npz").symlink_to(secret / "salaries.npz")
    (root / "away").symlink_to(secret)
    (root / "linked" / "1.png").symlink_to(secret / "portrait.png")
    (root / "round" / "again").symlink_to(root / "round")
    (root / "loop").symlink_to(root / "loop")
    with (root / "huge.npy").open("wb") as file:
        file.truncate(10**13)
    return root


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("", "nothing to open yet"),
        ("../secret/salaries.npz", "does not lie in the folder"),
        ("photos/../../secret", "does not lie in the folder"),
        ("/etc/passwd", "does not lie in the folder"),
        ("/nonesuch/at/all", "does not lie in the folder"),
        ("out.npz", "does not lie in the folder"),
        ("away", "does not lie in the folder"),
        ("away/salaries.npz", "does not lie in the folder"),
        ("linked", "holds a link, 1.png, out of the folder"),
        ("round", "leads back to where it lies"),
        ("loop", "cannot be opened"),
        ("a\0b", "null character"),
        ("x" * 5000, "xxx… is longer than any path"),
        ("x" * 400, "cannot be opened"),
        ("~root", "no data set, file or folder called ~root"),
        ("nothing-here", "no data set, file or folder called nothing-here"),
        ("notes.txt", "notes.txt is of no known sort"),
        ("weights.pt", "would have to be unpickled"),
        ("empty", "holds neither images nor arrays"),
        ("huge.npy", "this page opens 4 GB at most"),
        ("cifar10", "would have to be downloaded"),
        ("hf:owner/name", "would have to be downloaded"),
        ("hf:/etc", "would have to be downloaded"),
    ],
)  # fmt: skip
def test_what_is_not_opened_is_one_sentence_without_a_path_of_the_server(root: Path, what: str, words: str):
    with pytest.raises(ValueError, match=r"\w") as raised:
        looking.look_at(what, Bounds(root), {})
    sentence = str(raised.value)
    assert words in sentence
    assert "\n" not in sentence
    assert str(root.parent) not in sentence.replace(what, "")
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("what", ["photos", "./photos", "photos/", "empty/../photos"])
def test_a_path_is_one_below_the_root_however_it_is_typed(root: Path, what: str):
    assert allowed(what, Bounds(root)) == root / "photos"
    assert allowed(str(root / what), Bounds(root)) == root / "photos"
    assert looking.look_at(what, Bounds(root), {}).report.classes == ("a", "b")


def test_without_bounds_links_lead_where_they_lead(root: Path):
    assert looking.look_at(str(root / "out.npz"), EVERYTHING, {}).report.name == "salaries.npz"


def test_without_paths_names_stay():
    with pytest.raises(ValueError, match="opens uploads and no paths"):
        allowed("photos", Bounds(None))
    assert allowed("digits", Bounds(None)) == "digits"


@pytest.mark.parametrize(
    ("host", "given", "expected"),
    [
        ("localhost", None, EVERYTHING),
        ("127.0.0.1", None, EVERYTHING),
        ("0.0.0.0", None, Bounds(None)),
        ("10.0.0.7", None, Bounds(None)),
        ("0.0.0.0", "/srv/data", Bounds(Path("/srv/data"))),
        ("localhost", "/srv/data", Bounds(Path("/srv/data"))),
    ],
)
def test_the_command_app_bounds_what_visitors_open(
    monkeypatch: pytest.MonkeyPatch, host: str, given: str | None, expected: Bounds
):
    monkeypatch.setattr("streamlit.web.cli.main", lambda: None)
    monkeypatch.setattr("sys.argv", [])
    monkeypatch.setenv(DATA_ROOT_VARIABLE, "/")  # whatever the shell says
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    cli.serve(host, 8501, False, None, data_root=Path(given) if given else None)
    assert bounds.bounds() == expected


@pytest.mark.parametrize(
    ("host", "opens"),
    [("localhost:8501", True), ("127.0.0.1:8501", True), ("[::1]:8501", True), ("localhost", True), ("evil.example:8501", False), ("lab.example", False)],
)  # fmt: skip
def test_behind_another_name_a_local_server_opens_no_paths(
    monkeypatch: pytest.MonkeyPatch, host: str, opens: bool
):
    monkeypatch.delenv(DATA_ROOT_VARIABLE, raising=False)
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    monkeypatch.setattr(bounds.st, "context", type("Context", (), {"headers": {"Host": host}}))
    assert (bounds.bounds().root is not None) == opens


def test_a_root_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["app", "--data-root", "/nonesuch"]) == 2
    assert "there is no folder /nonesuch" in capsys.readouterr().err


# ---- uploads


def archive(**files: bytes) -> bytes:
    return packed(files)


def packed(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return held.getvalue()


def png(side: int = 12, level: int = 9) -> bytes:
    held = io.BytesIO()
    Image.fromarray(np.full((side, side), level, np.uint8)).save(held, "PNG")
    return held.getvalue()


def arrays(**parts: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.savez_compressed(held, allow_pickle=True, **parts)  # type: ignore[arg-type]
    return held.getvalue()


def parquet(values: list[object]) -> bytes:
    held = io.BytesIO()
    pd.DataFrame({"text": values}).to_parquet(held)
    return held.getvalue()


def link() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        entry = zipfile.ZipInfo("a/1.png")
        entry.external_attr = 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    return held.getvalue()


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "nothing": ("a.npz", lambda: b"", "is empty"),
    "noise": ("a.npz", lambda: b"\x01" * 100, "cannot be read"),
    "pickled": ("a.npz", lambda: arrays(images=np.array([{}] * 3, object)), "unpickled"),
    "pickle": ("a.npy", lambda: b"\x80\x04]\x94.", "does not begin as .npy files do"),
    "torch": ("a.pt", lambda: b"PK", "numpy.savez"),
    "text": ("a.txt", lambda: b"hello", "is not taken"),
    "no ending": ("npz", lambda: b"hello", "is not taken"),
    "bomb of arrays": ("a.npz", lambda: arrays(images=np.zeros((20, 1000, 1000), bool)), "opens 0.01 GB at most"),
    "bomb of text": ("a.parquet", lambda: parquet(["x" * 10**4] * 2000), "opens 0.01 GB at most"),
    "a wide table": ("a.csv", lambda: b"," * 200_000 + b"\n1", "more than 100,000 columns"),
    "zip of noise": ("a.zip", lambda: b"PK\x03\x04" + b"\x01" * 99, "cannot be unpacked"),
    "zip of text": ("a.zip", lambda: packed({"a.txt": b"hello"}), "holds neither images nor IDX files"),
    "zip with a way out": ("a.zip", lambda: packed({"../../x.png": png()}), "outside itself"),
    "zip of a whole path": ("a.zip", lambda: packed({"/tmp/x.png": png()}), "outside itself"),
    "zip of a backslash": ("a.zip", lambda: packed({"..\\x.png": png()}), "outside itself"),
    "zip of a drive": ("a.zip", lambda: packed({"C:/x.png": png()}), "outside itself"),
    "zip of a link": ("a.zip", link, "or links"),
    "zip of many": ("a.zip", lambda: packed({f"{n}.txt": b"" for n in range(101)}), "more than 100 files"),
    "zip of a large image": ("a.zip", lambda: packed({"a/1.png": png(6000)}), "more pixels"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_upload_is_one_sentence_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(uploads, "MOST_BYTES", 10**7)
    monkeypatch.setattr(uploads, "MOST_FILES", 100)
    file, data, words = BAD[name]
    with pytest.raises(ValueError, match=r"\w") as raised:
        looking.look_at_upload(file, data(), {})
    assert words in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not any(tmp_path.iterdir())


def test_an_archive_that_lies_about_its_sizes_is_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    data = packed({"a/1.png": b"\0" * 10_000})
    with pytest.raises(ValueError, match="holds more than"):
        looking.look_at_upload("a.zip", data, {})


def test_an_upload_beyond_its_size_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "MEGABYTES", 0.001)
    with pytest.raises(ValueError, match="an upload at most"):
        looking.look_at_upload("a.npy", b"1" * 2000, {})


@pytest.mark.parametrize("above", ["", "photos/"])
def test_an_archive_of_images_by_class_is_a_folder_of_them(
    above: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files = {f"{above}{'cat' if n % 2 else 'dog'}/{n}.png": png(level=n) for n in range(20)}
    found = looking.look_at_upload("photos.zip", packed({**files, "__MACOSX/._1.png": b"x"}), {})
    assert found.report.classes == ("cat", "dog")
    assert "--data photos " in found.train
    assert not any(tmp_path.iterdir())


def test_an_archive_of_idx_files_is_a_folder_of_them(tmp_path: Path):
    images, labels = figures(60)
    names = {"train-images-idx3-ubyte.gz": images, "train-labels.idx1-ubyte": labels.astype(np.uint8)}
    files = {f"mine/{name}": write_idx(tmp_path / name, part).read_bytes() for name, part in names.items()}
    found = looking.look_at_upload("mine.zip", packed(files), {})
    assert found.report.sizes == {"train": 48, "test": 12}
    assert len(found.report.classes) == 3


def test_packed_idx_files_are_measured_by_their_heads(tmp_path: Path):
    path = write_idx(tmp_path / "a-images-idx3-ubyte.gz", np.zeros((1000, 100, 100), np.uint8))
    for what in (path, tmp_path, tmp_path / "a"):
        with pytest.raises(ValueError, match=r"and this page opens 0\.001 GB at most"):
            sizes.check(what, 10**6)


def test_only_so_many_open_data_at_once(monkeypatch: pytest.MonkeyPatch, root: Path):
    with (
        looking.one_sentence("a"),
        looking.one_sentence("b"),
        pytest.raises(ValueError, match="in a moment"),
    ):
        looking.look_at("photos", Bounds(root), {})
    assert looking.look_at("people.csv", Bounds(root), {}).rows["type"] == ("real", "real")


def test_a_fault_of_the_program_is_one_sentence(monkeypatch: pytest.MonkeyPatch, root: Path):
    def broken(*_: object, **__: object) -> None:
        raise KeyError(str(root))

    monkeypatch.setattr(looking, "open_data", broken)
    with pytest.raises(ValueError, match="a fault of the program") as raised:
        looking.look_at("photos", Bounds(root), {})
    assert str(root) not in str(raised.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever may read all is refused nothing")
def test_a_folder_without_the_right_to_look(root: Path, tmp_path: Path):
    (tmp_path / "shut" / "in").mkdir(parents=True)
    (tmp_path / "shut").chmod(0)
    try:
        with pytest.raises(ValueError, match="Permission denied"):
            looking.look_at("shut/in", Bounds(tmp_path), {})
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_what_a_large_matrix_of_cells_would_be_is_told_from_its_head(tmp_path: Path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:
        file.create_group("X").attrs["shape"] = (10**6, 30_000)
    with pytest.raises(ValueError, match=r"cells\.h5ad is 120.0 GB"):
        sizes.check(tmp_path / "cells.h5ad", 10**9)


def test_a_file_of_cells_is_measured_with_all_that_is_in_it(tmp_path: Path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:
        file["X"] = np.zeros((2, 2))
        file.create_dataset("layers/counts", (10**6, 10**4), np.float32, chunks=True)
    with pytest.raises(ValueError, match=r"cells\.h5ad is 40.0 GB"):
        sizes.check(tmp_path / "cells.h5ad", 10**9)


@pytest.mark.parametrize("shape", ["a", [-1, 5], [float("nan"), 5]])
def test_a_file_of_cells_of_an_odd_shape_is_one_sentence(shape: object, tmp_path: Path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:
        file.create_group("X").attrs["shape"] = shape
    with pytest.raises(ValueError, match=r"cells\.h5ad cannot be read: save it anew by anndata"):
        sizes.check(tmp_path / "cells.h5ad", 10**9)


@pytest.mark.parametrize("sort", ["deep", "many"])
def test_a_file_of_cells_is_not_looked_through_for_minutes(
    sort: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    h5py = pytest.importorskip("h5py")
    monkeypatch.setattr(sizes, "MOST_LINKS", 100)
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:
        for name in ("/".join("a" * 50),) if sort == "deep" else map(str, range(101)):
            file.create_group(name)
    with pytest.raises(ValueError, match="more than 100 groups and arrays, or hides them too deep"):
        sizes.check(tmp_path / "cells.h5ad", 10**9)


def test_columns_of_a_parquet_file_are_counted_by_its_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sizes, "COLUMNS", 2)
    pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]}).to_parquet(tmp_path / "wide.parquet")
    with pytest.raises(ValueError, match=r"wide\.parquet has more than 2 columns"):
        sizes.check(tmp_path / "wide.parquet", 10**9)


@pytest.mark.parametrize("sort", ["link", "bytes", "view"])
def test_a_file_of_cells_that_leads_to_another_file_is_refused(sort: str, tmp_path: Path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:
        if sort == "link":
            file["obs/secret"] = h5py.ExternalLink("/elsewhere.h5ad", "X")
        elif sort == "bytes":
            file.create_dataset("X", (10,), "u1", external=[("/etc/passwd", 0, 10)])
        else:
            view = h5py.VirtualLayout((10,), "u1")
            view[:] = h5py.VirtualSource("/elsewhere.h5ad", "X", (10,))
            file.create_virtual_dataset("layers/counts", view)
    with pytest.raises(ValueError, match=r"cells\.h5ad holds a link to another file"):
        sizes.check(tmp_path / "cells.h5ad", 10**9)


# ---- the page


@pytest.fixture
def page(root: Path, monkeypatch: pytest.MonkeyPatch) -> Opener:
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(root))
    monkeypatch.delenv(LOCAL_VARIABLE, raising=False)
    monkeypatch.setattr(state, "look_at", looking.look_at)  # a process takes seconds: test_data_apart.py

    def opener(what: str = "") -> AppTest:
        at = AppTest.from_file(str(MAIN), default_timeout=60)
        at.switch_page("views/data.py").run()
        return typed(at, what) if what else at

    return opener


def typed(at: AppTest, what: str) -> AppTest:
    at.text_input(key="data-what").set_value(what)
    next(button for button in at.button if button.label == "Open").click()
    return healthy(at.run())


def healthy(at: AppTest) -> AppTest:
    assert not at.exception, at.exception[0].stack_trace
    return at


def report_of(at: AppTest) -> str:
    return at.code[-1].value


def test_the_page_says_what_the_command_says(
    page: Opener, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    at = page("people.csv")
    monkeypatch.chdir(root)
    assert main(["data", "people.csv"]) == 0
    *lines, following = capsys.readouterr().out.strip().splitlines()
    assert report_of(at) == "\n".join(lines)
    train, look = at.code[0].value, at.code[1].value
    assert (
        following.split(maxsplit=1)[1]
        == train
        == "latent-explorer train cdvae --data people.csv --out runs/first"
    )
    assert look == "latent-explorer data people.csv"
    assert [warning.value.replace("\\", "") for warning in at.warning] == [
        f"{line.split(maxsplit=1)[1]}." for line in lines if line.startswith("doubt")
    ]
    counts, rows = (table.value for table in at.dataframe)
    assert counts["class"].tolist() == ["x", "y", "z"]
    assert rows["type"].tolist() == ["real", "real"]


def test_images_are_shown_as_a_sheet(page: Opener):
    at = page("photos")
    assert at.get("image")
    assert any("people.csv" in caption.value for caption in at.caption)  # what lies there


def test_options_are_those_of_the_command_and_stay_with_the_next_look(page: Opener):
    at = page("people.csv")
    keys = {widget.label for widget in (*at.text_input, *at.selectbox, *at.checkbox, *at.number_input)}
    assert {"--label-column", "--columns", "--types", "--shape", "--skip-broken", "--test-share"} <= keys
    assert "--size" not in keys
    next(one for one in at.text_input if one.label == "--label-column").set_value("children")
    next(one for one in at.text_input if one.label == "--columns").set_value("height")
    next(button for button in at.button if button.label == "Open with these").click()
    healthy(at.run())
    assert at.code[0].value.startswith(
        "latent-explorer train cdvae --data people.csv --label-column children --columns height"
    )
    assert "classes      4 " in report_of(at)


def refused(at: AppTest) -> list[str]:
    return [warning.value for warning in at.warning if warning.value.startswith("Not opened")]


@pytest.mark.parametrize(
    ("what", "option", "value", "words"),
    [
        ("people.csv", "--label-column", "nothing", "there is no column 'nothing'"),
        ("people.csv", "--types", '"', "close the quotation mark"),
        ("photos", "--size", "big", "--size is whole numbers"),
        ("photos", "--size", "0", "size is 1 or 2 numbers from 1 to 4096"),
    ],
)
def test_an_option_that_does_not_fit_is_one_sentence_and_can_be_mended(
    page: Opener, what: str, option: str, value: str, words: str
):
    at = page(what)
    next(one for one in at.text_input if one.label == option).set_value(value)
    next(button for button in at.button if button.label == "Open with these").click()
    healthy(at.run())
    (sentence,) = refused(at)
    assert words in sentence.replace("\\", "")
    next(one for one in at.text_input if one.label == option).set_value("")
    next(button for button in at.button if button.label == "Open with these").click()
    assert not refused(healthy(at.run()))


def test_what_is_refused_is_said_on_the_page_and_the_next_is_opened(page: Opener, root: Path):
    at = page("../secret/salaries.npz")
    (sentence,) = refused(at)
    assert "does not lie in the folder" in sentence
    assert str(root) not in sentence
    assert not refused(typed(at, "digits"))


def test_a_server_of_others_says_once_that_it_opens_no_paths(page: Opener, monkeypatch: pytest.MonkeyPatch):
    at = page()
    monkeypatch.setenv(DATA_ROOT_VARIABLE, "")
    at.run()
    assert len([one for one in at.caption if "uploads and no paths" in one.value]) == 1
    assert refused(typed(at, "photos")) == [f"Not opened: {bounds.NO_PATHS}."]


def test_an_upload_is_opened_once_and_again_with_options(page: Opener):
    images, labels = figures(40)
    at = page()
    at.button_group(key="data-from").set_value("Upload").run()
    at.file_uploader(key="data-file").set_value(
        ("mine.npz", arrays(images=images, labels=labels), "application/zip")
    )
    healthy(at.run())
    assert "--data mine.npz" in at.code[0].value
    next(one for one in at.text_input if one.label == "--size").set_value("16 20")
    next(button for button in at.button if button.label == "Open with these").click()
    assert "16 x 20 pixels" in report_of(healthy(at.run()))


def test_an_upload_of_another_sort_is_a_sentence_of_the_page(page: Opener):
    at = page()
    at.button_group(key="data-from").set_value("Upload").run()
    at.file_uploader(key="data-file").set_value(("mine.docx", b"PK", "application/octet-stream"))
    (sentence,) = refused(healthy(at.run()))
    assert "mine.docx is not taken: upload npz" in sentence
    order = [one.type for one in at.main]
    assert order.index("warning") < order.index("expander")  # above the options that may mend it


def test_the_page_needs_no_model(page: Opener, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("latent_explorer.session.sidebar.show", lambda page: None)
    assert page("digits").code


def test_before_anything_is_opened_the_page_says_what_can_be_and_opens_one_of_ours(
    page: Opener,
):
    at = page()
    said = [caption.value for caption in at.caption]
    assert any(".csv" in each and "row" in each for each in said)
    at.button(key="data-digits").click().run()
    assert not at.exception
    assert at.text_input(key="data-what").value == "digits"
    assert "digits" in [title.value for title in at.subheader]
    assert not [button for button in at.button if button.key == "data-digits"]
