"""The command publish: some checkpoints as a folder of static files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from vae_core import load
from vae_core.cli.console import OUT, status
from vae_core.cli.plugged import Plugged


@dataclass(frozen=True)
class Publish(Plugged):
    """Write checkpoints as a site that needs no server: `latent-explorer publish mr-cdvae-mnist --out site`. It decodes in the visitor's
    browser, and any host of files serves it."""

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """Folders of checkpoints, or names of bundled ones."""
    out: Path = Path("site")
    """Folder to write, which must be new or empty."""
    only: Literal["map", "live", "samples", "frontier"] | None = None
    """One page alone, to stand in another page; the line that puts it there is printed."""
    replace: bool = False
    """Replace a site that was published there before."""
    lessons: Path | None = None
    """Folder with lessons of your own. Those that need no more than the site go along, as bundled ones do."""

    def run(self) -> int:
        from streamlit.logger import set_log_level  # which no other command but app needs

        set_log_level("ERROR")  # that no page runs here is meant
        from latent_explorer.site.publishing import check_place, publish
        from latent_explorer.text import command

        if not self.folders:
            raise ValueError("say which model to publish: give a folder, or a name such as mr-cdvae-mnist")
        check_place(self.out, self.replace)
        if self.lessons is not None and not self.lessons.is_dir():
            raise ValueError(
                f"{self.lessons} is no folder: give one with lessons (latent-explorer lesson new)"
            )
        with status() as say:
            say("Writing the site")
            found = [load(folder) for folder in self.folders]
            made = publish(found, self.out, self.only, self.replace, self.lessons)
        megabytes = {name: f"{size / 1e6:.1f} MB" for name, size in made.sizes.items()}
        look = command("python", "-m", "http.server", "--directory", self.out)
        OUT.print(
            f"{self.out}: {megabytes['all']}, of which {megabytes['models']} are models and {megabytes['runtime']} what runs them; look at it "
            f"with `{look}`",
            markup=False,
            soft_wrap=True,
        )
        if made.lessons:
            OUT.print(f"with the lessons {', '.join(made.lessons)}", markup=False, soft_wrap=True)
        for sentence in made.left:
            OUT.print(sentence, markup=False, soft_wrap=True)
        if self.only:
            height = {"map": 620, "live": 640, "samples": 620, "frontier": 660}[self.only]
            OUT.print(
                f'<iframe src="ADDRESS-OF-THE-FOLDER/index.html" width="100%" height="{height}" loading="lazy" style="border:0" title="{self.only}"></iframe>',
                markup=False,
                soft_wrap=True,
            )
        return 0
