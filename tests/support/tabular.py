"""Two small tables, one of counts and one of mixed columns, and a model of each."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import principal_components
from vae_core import projections
from vae_core.checkpoints import save_atlas
from vae_core.data import open_data
from vae_core.models import CDVAE
from vae_core.training import Options, train

QUICK = Options(epochs=1, batch=16, warmup=2, device="cpu")
TABLES = ("cells", "people")


def of_tables(home: Path) -> str:
    """Write the tables into a folder and a model of each into its `runs`; how the app is told of the tables (`SOURCES_VARIABLE`)."""
    generator, y = np.random.default_rng(0), np.arange(80) % 2
    cells = pd.DataFrame(
        generator.poisson(np.exp(1 + generator.normal(size=(2, 120)))[y]),
        columns=[f"GENE{i}" for i in range(120)],
    )
    mixed = pd.DataFrame(
        {
            "height": generator.normal(170 + 10 * y, 5),
            "<b>weight</b>": generator.normal(70, 8, 80),
            "children": generator.poisson(1 + y),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", principal_components)
        for name, table, types in zip(TABLES, (cells, mixed), (None, ("children=count",)), strict=True):
            table.assign(group=np.where(y, "well", "ill")).to_csv(home / f"{name}.csv", index=False)
            found = open_data(home / f"{name}.csv", types=types)
            trained = train(CDVAE(unlabelled=3, nets="mlp-256"), found.train, QUICK, home / "runs" / name)
            save_atlas(trained.folder, projections.make_atlas(trained.model, found.test))
    return ":".join(str(home / f"{name}.csv") for name in TABLES)
