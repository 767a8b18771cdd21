"""What several tests of the core run."""

from collections.abc import Iterator

import pytest

from tests.support.commands import Commands


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    found = Commands(tmp_path_factory.mktemp("commands") / "log")
    yield found
    found.close()
