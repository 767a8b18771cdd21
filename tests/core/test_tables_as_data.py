"""Tables as sources: files and frames, what is understood of them, and what is refused. Shapes: N rows, F features."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from vae_core.data import Report, data_from, frames, open_data, sheet, tables
from vae_core.explore.features import differences, moved
from vae_core.kinds import Image, Table

N = 40


def frame(n: int = N) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "height": generator.normal(170, 10, n).round(1),
            "weight": generator.normal(70, 8, n).round(1),
            "smokes": generator.integers(0, 2, n),
            "group": np.where(np.arange(n) % 3 == 0, "ill", "well"),
        }
    )


def written(folder: Path, name: str, table: pd.DataFrame, **options: Any) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, **options)
    return path


FILES: list[tuple[str, dict[str, Any]]] = [
    ("people.csv", {}),
    ("people.tsv", {"sep": "\t"}),
    ("semicolons.csv", {"sep": ";"}),
    ("german.csv", {"sep": ";", "decimal": ","}),
    ("bars.csv", {"sep": "|"}),
    ("bom.csv", {"encoding": "utf-8-sig"}),
    ("excel.csv", {"encoding": "utf-16", "sep": "\t"}),
    ("latin.csv", {"encoding": "latin-1"}),
    ("people.parquet", {}),
]


@pytest.mark.parametrize(("name", "options"), FILES, ids=[name for name, _ in FILES])
def test_a_table_is_read_however_it_was_written(name: str, options: dict[str, Any], tmp_path: Path):
    found = open_data(written(tmp_path, name, frame(), **options))
    kind = found.train.kind
    assert isinstance(kind, Table)
    assert kind.names == ("height", "weight", "smokes")
    assert kind.types == ("real", "real", "binary")
    assert found.train.classes == ("ill", "well")
    assert len(found.train) + len(found.test) == N
    rows = torch.cat([found.train.images, found.test.images])
    assert np.allclose(np.sort(rows[:, 0].numpy()), np.sort(frame()["height"].to_numpy(np.float32)))


def test_where_several_columns_may_be_the_class_they_are_named(tmp_path: Path):
    words = {"height": [1.5, 2.0] * 10, "where": ["north", "south"] * 10, "who": ["a", "b"] * 10}
    pd.DataFrame(words).to_csv(tmp_path / "two.csv", index=False)
    found = open_data(tmp_path / "two.csv")
    assert not found.train.classes
    assert any("--label-column names one, such as where, who" in note for note in found.notes)


def test_a_row_keeps_its_class_and_the_split_is_stratified(tmp_path: Path):
    table = frame().assign(height=lambda f: np.where(f["group"] == "ill", 1.5, 2.5))
    found = open_data(written(tmp_path, "people.csv", table))
    for part in (found.train, found.test):
        assert torch.equal(part.images[:, 0] == 2.5, part.labels == 1)
    assert found.test.labels.bincount().tolist() == [3, 5]


def test_a_column_of_splits_is_followed(tmp_path: Path):
    table = frame().assign(split=["train"] * 30 + ["test"] * 10)
    found = open_data(written(tmp_path, "people.csv", table))
    assert (len(found.train), len(found.test)) == (30, 10)
    assert "split" not in found.train.kind.features


def test_columns_types_and_the_class_are_chosen(tmp_path: Path):
    path = written(tmp_path, "people.csv", frame().assign(cigarettes=np.arange(N) % 7))
    found = open_data(path, columns=("weight", "cigarettes"), types=("cigarettes=count",), labels="smokes")
    assert found.train.kind.features == ("weight", "cigarettes")
    assert found.train.kind.types == ("real", "count")  # type: ignore[attr-defined]
    assert found.train.classes == ("0", "1")


def test_a_table_without_classes_has_none(tmp_path: Path):
    assert open_data(written(tmp_path, "people.csv", frame()), labels="none").train.classes == ()


def test_numbers_of_rows_are_no_feature(tmp_path: Path):
    found = open_data(written(tmp_path, "people.csv", frame().rename_axis("id").reset_index()))
    assert "id" not in found.train.kind.features
    assert any("id numbers the rows" in sentence for sentence in found.notes.said)


def test_rows_with_missing_values_are_refused_or_left_out(tmp_path: Path, one_line: Callable):
    table = frame()
    table.loc[3, "height"] = np.nan
    path = written(tmp_path, "people.csv", table)
    with pytest.raises(
        ValueError, match=r"1 row of 40 has a missing value in height.*--skip-broken"
    ) as refusal:
        open_data(path)
    one_line(refusal.value)
    found = open_data(path, skip_broken=True)
    assert len(found.train) + len(found.test) == N - 1


def test_missing_values_are_filled_by_means_of_the_training_rows(tmp_path: Path):
    table = frame().assign(split=["train"] * 30 + ["test"] * 10, cigarettes=np.arange(N) % 7)
    table.loc[[3, 4, 35], "height"] = np.nan
    table.loc[[0, 9], "smokes"] = np.nan
    table.loc[5, "weight"] = np.inf
    table.loc[7, ["height", "weight", "smokes", "cigarettes"]] = np.nan  # nothing to go by
    found = open_data(written(tmp_path, "people.csv", table), fill_missing=True)
    kind = found.train.kind
    assert isinstance(kind, Table)
    assert kind.types == ("real", "real", "binary", "real")
    assert (len(found.train), len(found.test)) == (29, 10)
    train = table.iloc[:30].drop(index=7).replace(np.inf, np.nan)
    rows = dict(zip(found.train.places.tolist(), found.train.images, strict=True))  # type: ignore[union-attr]
    assert rows[3][0].item() == pytest.approx(train["height"].mean(), rel=1e-5)
    assert rows[5][1].item() == pytest.approx(train["weight"].mean(), rel=1e-5)
    assert rows[0][2].item() == train["smokes"].mean().round()
    assert found.test.images[5][0].item() == pytest.approx(train["height"].mean(), rel=1e-5)
    assert any("6 missing values in 6 of 39 rows are filled" in sentence for sentence in found.notes.said)
    assert any("height 3 by" in sentence for sentence in found.notes.said)
    assert any("1 row without any value left out" in sentence for sentence in found.notes.said)
    assert any("was not measured" in sentence for sentence in found.notes.doubts)
    assert found.origin.opened == {"fill_missing": True}


def test_counts_stay_counts_when_they_are_filled(tmp_path: Path, one_line: Callable):
    table = pd.DataFrame({"a": [1.0, 2, 7, np.nan] * 10, "b": [0.0, 1, np.nan, 3] * 10})
    found = data_from(table, fill_missing=True)
    assert found.train.kind.types == ("count", "count")  # type: ignore[attr-defined]
    assert not torch.cat([found.train.images, found.test.images]).frac().any()
    split = ["train"] * 30 + ["test"] * 10
    gone = table.assign(a=np.where(np.arange(N) < 30, np.nan, 1.0), split=split)
    with pytest.raises(
        ValueError, match="no training row has a value of a: leave out by --columns"
    ) as refusal:
        data_from(gone, fill_missing=True)
    one_line(refusal.value)


def test_marks_of_missing_values_per_cent_and_thousands_are_numbers(tmp_path: Path):
    table = frame().astype({"height": object})
    table.loc[3, "height"] = "?"
    table["share"] = [f"{value:.1f}%" for value in np.linspace(1, 99, N)]
    table["income"] = [f"{value:,}" for value in np.arange(N) * 1234 + 1000]
    table["gone"] = np.nan
    path = written(tmp_path, "people.csv", table)
    with pytest.raises(ValueError, match=r"1 row of 40 has a missing value in height"):
        open_data(path)
    found = open_data(path, skip_broken=True)
    kind = found.train.kind
    assert isinstance(kind, Table)
    assert kind.names == ("height", "weight", "smokes", "share", "income")
    assert found.train.classes == ("ill", "well")
    rows = torch.cat([found.train.images, found.test.images])
    assert rows[:, 4].max() == (N - 1) * 1234 + 1000
    for words in (
        "'?' in height is taken as a missing value",
        "gone is empty",
        "share, income are read as numbers",
    ):
        assert any(words in sentence for sentence in found.notes), words


@pytest.mark.parametrize(
    "words",
    [
        pd.date_range("2024-01-01", periods=N).strftime("%d.%m.%Y %H:%M"),
        [f"P{i:03d}" for i in range(N)],
        [f"{i // 60}:{i % 60:02d}" for i in range(0, 7 * N, 7)],
    ],
    ids=["dates", "names of rows", "times"],
)
def test_a_column_of_text_that_groups_no_rows_is_no_class(words: Any):
    table = frame().assign(note=list(words))
    assert data_from(table).train.classes == ("ill", "well")
    found = data_from(table.drop(columns="group"))
    assert found.train.classes == ()
    assert any("note holds no numbers and is no feature" in sentence for sentence in found.notes.said)


@pytest.mark.parametrize("written", ["{:.1f} kg", "{:.2f}€", "€{:.2f}", "{:.1f} °C"])
def test_numbers_with_one_unit_are_numbers(written: str):
    table = frame().assign(size=[written.format(value) for value in np.linspace(1, 9, N)])
    found = data_from(table)
    assert "size" in found.train.kind.features
    rows = torch.cat([found.train.images, found.test.images])
    assert rows[:, -1].max() == pytest.approx(9)
    assert any("size is read as numbers" in sentence for sentence in found.notes.said)


def test_names_that_end_in_numbers_and_several_units_are_words():
    table = frame().assign(cluster=["cluster 1", "cluster 2"] * (N // 2), size=["1 kg", "900 g"] * (N // 2))
    assert data_from(table).train.kind.features == ("height", "weight", "smokes")


def test_columns_of_lists_and_dates_of_a_parquet_file(tmp_path: Path, one_line: Callable):
    table = frame().assign(
        several=[[1, 2]] * N,
        when=pd.date_range("2024-01-01", periods=N),
        took=pd.to_timedelta(np.arange(N), "h"),
    )
    path = written(tmp_path, "people.parquet", table)
    found = open_data(path)
    assert found.train.kind.features == ("height", "weight", "smokes")
    assert any("several holds several values in each row" in sentence for sentence in found.notes.said)
    with pytest.raises(ValueError, match="'when' holds dates or durations and is no feature") as refusal:
        open_data(path, columns=("when",))
    one_line(refusal.value)
    images = pd.DataFrame({"image": [{"bytes": b"x", "path": None}] * 4, "label": [0, 1] * 2})
    with pytest.raises(
        ValueError, match="image holds images and no numbers: put the file in a folder"
    ) as refusal:
        open_data(written(tmp_path, "train.parquet", images))
    one_line(refusal.value)


def test_a_number_that_stands_for_a_missing_value_is_a_doubt():
    table = frame().assign(steps=[-999.0, -999.0, -999.0, *range(N - 3)])
    assert any(
        "-999 in steps lies far from all other" in sentence for sentence in data_from(table).notes.doubts
    )
    fine = frame().assign(steps=np.linspace(-2000, 2000, N))
    assert not any("stands for a missing" in sentence for sentence in data_from(fine).notes.doubts)


def test_counts_that_scanpy_keeps_as_raw_are_read(tmp_path: Path, one_line: Callable):
    anndata = pytest.importorskip("anndata")
    counts = np.random.default_rng(0).poisson(2, (N, 12)).astype(np.float32)
    held = anndata.AnnData(counts)
    held.raw = held
    held = held[:, :5].copy()
    held.X = np.log1p(held.X) - 1
    held.write_h5ad(tmp_path / "cells.h5ad")
    found = open_data(tmp_path / "cells.h5ad")
    assert found.train.images.shape[1] == 12
    assert found.train.kind.types == ("count",) * 12  # type: ignore[attr-defined]
    assert any("the values are those of raw (--layer chooses another: X)" in one for one in found.notes.said)
    assert open_data(tmp_path / "cells.h5ad", layer="X").train.images.shape[1] == 5
    held.X, held.raw = None, None
    held.write_h5ad(tmp_path / "none.h5ad")
    with pytest.raises(ValueError, match="the file holds no matrix of values") as refusal:
        open_data(tmp_path / "none.h5ad")
    one_line(refusal.value)


def test_words_with_a_few_numbers_among_them_stay_words():
    table = frame().assign(ward=["7", "B12", "C3", "9%"] * (N // 4))
    found = data_from(table)
    assert found.train.kind.features == ("height", "weight", "smokes")


def test_what_stands_above_or_beside_the_names_is_said(tmp_path: Path):
    text = frame().to_csv(index=False)
    (tmp_path / "remarks.csv").write_text("# made by hand, in May\n# metres\n" + text)
    found = open_data(tmp_path / "remarks.csv")
    assert any("the first 2 lines of the file begin with #" in sentence for sentence in found.notes)
    (tmp_path / "marked.csv").write_text("#" + text)
    assert open_data(tmp_path / "marked.csv").train.kind.features[0] == "#height"
    (tmp_path / "twins.csv").write_text(text.replace("weight", "height", 1))
    found = open_data(tmp_path / "twins.csv")
    assert found.train.kind.features[:2] == ("height", "height.1")
    assert any("two columns are called 'height'" in sentence for sentence in found.notes.doubts)


def test_columns_may_be_named_by_wavelengths(tmp_path: Path):
    spectra = pd.DataFrame(np.random.default_rng(0).random((20, 4)), columns=["400.5", "401", "401.5", "402"])
    found = open_data(written(tmp_path, "spectra.csv", spectra.assign(leaf=["oak", "elm"] * 10)))
    assert found.train.kind.features == ("400.5", "401", "401.5", "402")


def test_a_column_of_clusters_is_the_class_where_no_other_is(tmp_path: Path):
    table = frame().drop(columns="group").assign(leiden=np.arange(N) % 4)
    assert open_data(written(tmp_path, "cells.csv", table)).train.classes == ("0", "1", "2", "3")


BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("1,2,3\n4,5,6\n", "numbers.csv", {}, "holds numbers and no names"),
    ("a,b\nx,y\nz,w\n", "words.csv", {}, "no column holds numbers"),
    ("a,b\n1,2\n3,4\n", "small.csv", {"labels": "species"}, "no column 'species'"),
    ("a,b\n1,2\n3,4\n", "small.csv", {"columns": ("c",)}, "no column 'c'"),
    ("a,b\n1,2\n3,4\n", "small.csv", {"types": ("c=real",)}, "no type of a feature"),
    ("a,b\n1.5,2\n3,4\n", "small.csv", {"types": ("count",)}, "no counts"),
    ("a,b,word\n1,2,u\n3,4,v\n", "small.csv", {"columns": ("word",), "labels": "none"}, "holds text"),
    ("", "empty.csv", {}, r"cannot be read as a table \(it is empty\)"),
    ("a,b\n\0\1\2,3\n", "bytes.csv", {}, r"cannot be read as a table \(it is no text\)"),
    ("a,b\n1,2\n3,4\n", "twice.csv", {"columns": ("a", "a")}, "names 'a' twice"),
    ("a,b\n1,2\n3,4\n", "types.csv", {"types": ("a=real", "a=count")}, "says twice what a is"),
    ("a,b\n1,2\n3,4\n", "types.csv", {"types": ("real", "count")}, "says twice what all features are"),
    ("a,b\n", "names.csv", {}, r"names\.csv holds no rows"),
    ("a,b,c\n1.5,2,u\ninf,4,v\n", "infinite.csv", {}, "1 row of 2 has a missing or infinite value in a"),
    ("1.5,2.5,u\n3.5,1.5,v\n2,3,u\n", "headless.csv", {}, "holds numbers and no names"),
    ('a,b\n"1,2\n3', "broken.csv", {}, "cannot be read as a table"),
    ("a,b\n1e400,2\n-1e400,3\n", "beyond.csv", {}, "missing or infinite value in a"),
    (f"a,b\n{'9' * 5000},2\n1,3\n", "digits.csv", {}, "missing or infinite value in a"),
]


@pytest.mark.parametrize(
    ("text", "name", "options", "words"), BAD, ids=[f"{i}-{row[1]}" for i, row in enumerate(BAD)]
)
def test_a_bad_table_is_refused_in_one_sentence(
    text: str, name: str, options: dict[str, Any], words: str, tmp_path: Path, one_line: Callable
):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=words) as refusal:
        open_data(tmp_path / name, **options)
    one_line(refusal.value)


def test_columns_of_text_are_counted_before_they_are_looked_through(
    monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    """Each takes milliseconds: a file of a megabyte may have 99,000, and took minutes."""
    monkeypatch.setattr(frames, "MOST_TEXTS", 2)
    with pytest.raises(ValueError, match="3 columns hold text") as refusal:
        data_from(pd.DataFrame({name: ["u", "v"] * 5 for name in "abc"}), labels="none")
    one_line(refusal.value)


@pytest.mark.parametrize("ending", ["npy", "parquet"])
def test_columns_are_counted_before_anything_is_made_of_each(
    ending: str, tmp_path: Path, one_line: Callable, monkeypatch: pytest.MonkeyPatch
):
    """A file of 12 MB may have a million, and took minutes."""
    monkeypatch.setattr(tables, "MOST_FEATURES", 4)
    path, rows = tmp_path / f"wide.{ending}", np.random.default_rng(0).normal(size=(9, 5))
    if ending == "npy":
        np.save(path, rows, allow_pickle=False)
    else:
        pd.DataFrame(rows, columns=list("abcde")).to_parquet(path)
    with pytest.raises(ValueError, match="there are 5 columns, and a table has at most 4") as refusal:
        open_data(path)
    one_line(refusal.value)


def test_a_wide_table_takes_time_by_its_columns_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The types of all columns were asked for once for each of them."""
    asked = 0
    types = pd.DataFrame.dtypes.fget  # type: ignore[attr-defined]

    def counted(own: pd.DataFrame) -> Any:
        nonlocal asked
        asked += 1
        return types(own)

    monkeypatch.setattr(pd.DataFrame, "dtypes", property(counted))
    wide = (
        pd.DataFrame(np.random.default_rng(0).normal(size=(6, 300))).add_prefix("c").assign(u=list("abcdef"))
    )
    open_data(written(tmp_path, "wide.csv", wide))
    assert asked < 100


def test_a_damaged_parquet_file_is_refused_in_one_sentence(tmp_path: Path, one_line: Callable):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match="cannot be read as a table") as refusal:
        open_data(tmp_path / "bad.parquet")
    one_line(refusal.value)


def test_categories_keep_their_order(tmp_path: Path):
    sizes = pd.Categorical(["large", "small"] * (N // 2), categories=["small", "large", "huge"])
    table = frame().drop(columns="group").assign(size=sizes)
    table.loc[0, "size"] = None
    found = open_data(written(tmp_path, "shirts.parquet", table))
    assert found.train.classes == ("small", "large")
    assert any("1 class without a row left out: huge" in sentence for sentence in found.notes)
    assert any("the class of 1 row is not known" in sentence for sentence in found.notes)


def test_a_frame_and_an_array_of_rows_are_tables():
    of_frame = data_from(frame(), frame()["group"])
    assert of_frame.train.classes == ("ill", "well")
    of_rows = data_from(np.random.default_rng(0).normal(size=(20, 3)), features=["a", "b", "c"])
    assert of_rows.train.kind.features == ("a", "b", "c")
    assert of_rows.train.classes == ()


def test_columns_that_are_numbered_are_columns(tmp_path: Path):
    rows = np.random.default_rng(0).normal(size=(20, 3))
    assert data_from(pd.DataFrame(rows)).train.kind.features == ("0", "1", "2")
    found = open_data(written(tmp_path, "numbered.csv", pd.DataFrame(rows)))
    assert found.train.kind.features == ("0", "1", "2")


@pytest.mark.parametrize("name", ["pixel{}", "{}", "px_{}"])
def test_pixels_in_columns_are_asked_about_and_become_images(name: str, tmp_path: Path, one_line: Callable):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 64))
    table = pd.DataFrame(pixels, columns=[name.format(place) for place in range(64)])
    table.insert(0, "label", np.arange(20) % 2)
    path = written(tmp_path, "digits.csv", table)
    with pytest.raises(ValueError, match="--shape 8 8") as refusal:
        open_data(path)
    one_line(refusal.value)
    found = open_data(path, shape=(8, 8))
    assert found.train.kind == Image(1, 8, 8)
    assert found.train.classes == ("0", "1")
    assert open_data(path, types=("count",)).train.kind.size == 64


def test_bytes_that_may_be_flattened_images_are_asked_about(one_line: Callable):
    rows = np.random.default_rng(0).integers(0, 256, (20, 64)).astype(np.uint8)
    with pytest.raises(ValueError, match="--shape 8 8") as refusal:
        data_from(rows)
    one_line(refusal.value)
    assert data_from(rows, shape=(8, 8)).train.images.shape[1:] == (1, 8, 8)
    assert isinstance(data_from(rows, types=("count",)).train.kind, Table)


def test_a_feature_that_never_changes_is_a_doubt():
    found = data_from(frame().assign(flat=1.0))
    assert any(sentence.startswith("flat never changes") for sentence in found.notes.doubts)


def test_a_report_and_a_sheet_of_a_table():
    found = data_from(frame())
    text = str(Report.of(found))
    assert "3 features (2 real, 1 binary): height, weight, smokes" in text
    assert sheet(found.train).size[0] > 0


def test_an_annotated_file_gives_its_layer_of_counts_and_its_clusters(tmp_path: Path):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    counts = np.random.default_rng(0).poisson(3, (N, 12))
    held = anndata.AnnData(
        np.log1p(counts).astype(np.float32),
        obs=pd.DataFrame({"cell_type": ["B", "T"] * (N // 2)}, index=[f"c{i}" for i in range(N)]),
        var=pd.DataFrame(index=[f"GENE{i}" for i in range(12)]),
    )
    held.layers["counts"] = counts
    held.write_h5ad(tmp_path / "cells.h5ad")
    found = open_data(tmp_path / "cells.h5ad")
    assert found.train.kind.features[:2] == ("GENE0", "GENE1")
    assert set(found.train.kind.types) == {"count"}  # type: ignore[attr-defined]
    assert found.train.classes == ("B", "T")
    log = open_data(tmp_path / "cells.h5ad", layer="X")
    assert set(log.train.kind.types) == {"real"}  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="no layer 'raw'"):
        open_data(tmp_path / "cells.h5ad", layer="raw")
    (tmp_path / "bad.h5ad").write_bytes(b"no hdf5")
    with pytest.raises(ValueError, match="cannot be read"):
        open_data(tmp_path / "bad.h5ad")


def test_the_features_that_move_most_and_those_that_tell_groups_apart():
    table = Table.of(torch.tensor([[0.0, 0.0], [2.0, 4.0]]), ("a", "b"), ("real", "count"))
    assert moved(table, torch.tensor([[0.0, 3.0], [1.0, 3.0]])).tolist() == [1.0, 0.0]
    table = Table.of(torch.tensor([[10.0, 10.0], [20.0, 5.0]]), ("a", "b"))
    first, second = torch.tensor([[10.0, 10.0], [20.0, 20.0]]), torch.tensor([[40.0, 10.0], [80.0, 20.0]])
    found = differences(table, first, second)
    assert found.fold[0] > 0 > found.fold[1]
    assert found.second.tolist() == [60.0, 15.0]


def test_what_is_said_of_a_table_speaks_of_rows(tmp_path: Path):
    names = ["x"] * 37 + ["y", "", ""]
    table = {"h": range(40), "flat": [1] * 40, "age": np.linspace(0, 1.5, 40), "ward": ["a", "b"] * 20}
    pd.DataFrame({**table, "class": names, "split": ["train"] * 30 + ["test"] * 10}).to_csv(
        tmp_path / "t.csv"
    )
    found = open_data(tmp_path / "t.csv", columns=("h", "flat"), labels="class")
    said = str(found.report)
    assert "not known of 2 rows" in said
    assert "known of each row" in said
    assert "no training row is of 1 class (y)" in said
    assert "image" not in said
    for options, words in (({"unknown": "q"}, "no row is labelled 'q'"), ({"labels": "age"}, "real numbers")):
        with pytest.raises(ValueError, match=words):
            open_data(tmp_path / "t.csv", **{"labels": "class", **options})


def test_one_long_text_takes_no_room_in_every_row(tmp_path: Path, one_line: Callable):
    """20,000 rows of three million letters each would be 240 GB."""
    rows = "".join(
        f"{i % 7}.5,{i % 5}.25,k{i % 3},{'x' * 3_000_000 if i == 7 else 'n'}\n" for i in range(20_000)
    )
    (tmp_path / "beside.csv").write_text("a,b,class,told\n" + rows)
    data = open_data(tmp_path / "beside.csv", labels="class").train
    assert {len(text) for text in data.columns["told"]} <= {1, 1000}
    with pytest.raises(ValueError, match="3,000,000 letters, and at most 1,000") as refused:
        open_data(tmp_path / "beside.csv", labels="told")
    one_line(refused.value)
