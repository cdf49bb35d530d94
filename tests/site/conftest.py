"""A cloud with a bucket and a distribution, an edge in front of it, and somebody who publishes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import edge
from tests.site.cloud import SiteCloud, site_cloud
from tests.site.desk import Desk


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[SiteCloud]:
    with site_cloud(monkeypatch) as made:
        yield made


@pytest.fixture
def desk(cloud: SiteCloud, tmp_path: Path) -> Iterator[Desk]:
    with edge.serving(cloud) as url:
        yield Desk(tmp_path / "site", cloud, url)
