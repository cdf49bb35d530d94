"""Publishes in a process of its own, as a job of CI does; its arguments are folder, address, distribution, release."""

import sys
from pathlib import Path

from tests.site.cloud import BUCKET
from tests.state.cloud import PARIS
from tools import publish
from tools.site.means import Means
from tools.site.place import Place

if __name__ == "__main__":
    folder, url, distribution, name = sys.argv[1:]
    place = Place("staging", BUCKET, PARIS, distribution, url)
    means = Means(place=lambda _: place, source=Path(folder))
    publish.run("staging", preview="", release=name, dry_run=False, take_over=False, means=means)
