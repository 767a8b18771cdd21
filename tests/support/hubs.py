"""A hub of models on disk: it stands in the place of huggingface_hub's client, as far as `vae_core.checkpoints.hub` uses that."""

import inspect
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub


class Absent(Exception):
    pass


class Refused(Exception):
    def __init__(self, status: int, said: str = ""):
        super().__init__(said)
        self.response = SimpleNamespace(status_code=status)


class Unreachable(Exception):
    pass


@dataclass
class Hub:
    """Repositories as folders below `root`. Every call is checked against the signature of the real client's function; `fails` is raised in
    place of an answer."""

    root: Path
    fails: Exception | None = None
    commits: list[tuple[str, str, list[str]]] = field(default_factory=list)
    private: dict[str, bool] = field(default_factory=dict)

    absent, refused, unreachable = (Absent,), (Refused,), (Unreachable,)
    CommitOperationAdd = huggingface_hub.CommitOperationAdd

    def api(self) -> "Hub":
        return self

    def create_repo(self, *given: Any, **options: Any) -> None:
        asked = self._asked(huggingface_hub.HfApi.create_repo, given, options)
        self.private.setdefault(asked["repo_id"], bool(asked["private"]))
        (self.root / asked["repo_id"]).mkdir(parents=True, exist_ok=asked["exist_ok"])

    def create_commit(self, *given: Any, **options: Any) -> Any:
        asked = self._asked(huggingface_hub.HfApi.create_commit, given, options)
        folder, names = self.root / asked["repo_id"], []
        for each in asked["operations"]:
            what = each.path_or_fileobj
            (folder / each.path_in_repo).write_bytes(
                what if isinstance(what, bytes) else Path(what).read_bytes()
            )
            names.append(each.path_in_repo)
        self.commits.append((asked["repo_id"], asked["commit_message"], names))
        return SimpleNamespace(commit_url=f"https://hub.example/{asked['repo_id']}/commit/1")

    def model_info(self, *given: Any, **options: Any) -> Any:
        asked = self._asked(huggingface_hub.HfApi.model_info, given, options)
        files = [
            SimpleNamespace(
                rfilename=path.relative_to(self._there(asked)).as_posix(), size=path.stat().st_size
            )
            for path in sorted(self._there(asked).rglob("*"))
            if path.is_file()
        ]
        return SimpleNamespace(siblings=files)

    def snapshot_download(self, *given: Any, **options: Any) -> str:
        asked = self._asked(huggingface_hub.snapshot_download, given, options, bound=False)
        target = Path(asked["local_dir"])
        target.mkdir(parents=True, exist_ok=True)
        for name in asked["allow_patterns"]:
            shutil.copy(self._there(asked) / name, target / name)
        return str(target)

    def _there(self, asked: dict[str, Any]) -> Path:
        revision = asked.get("revision")
        folder = (
            self.root / asked["repo_id"] if revision is None else self.root / f"{asked['repo_id']}@{revision}"
        )
        if not folder.is_dir():
            raise Absent(
                "404 Client Error. Repository Not Found for url: https://hub.example\nIf you are trying …"
            )
        return folder

    def _asked(self, real: Any, given: tuple, options: dict[str, Any], bound: bool = True) -> dict[str, Any]:
        if self.fails:
            raise self.fails
        call = inspect.signature(real).bind(*([self] if bound else []), *given, **options)
        call.apply_defaults()
        return dict(call.arguments)
