"""Makes CloudFront forget what changed, and waits until it has."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from tools.site.refused import SiteFailed

MINUTES: Final = 15
"""How long CloudFront may take; it mostly takes less than two minutes."""
_PAUSE: Final = 5.0
# At most 3,000 paths and 15 wildcards may be under way:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html
_FULL: Final = "TooManyInvalidationsInProgress"


@dataclass(frozen=True)
class Cache:
    """The caches of a distribution."""

    cloudfront: Any
    distribution: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def forget(self, paths: Sequence[str], reference: str, beat: Callable[[], None]) -> str:
        """Invalidate paths and wait until that is done; id of the invalidation.

        `reference` makes a request that is sent twice one request; `beat` is called while this waits. Raises
        `SiteFailed` when it takes too long.
        """
        end = self.clock() + MINUTES * 60
        made = self._begin(paths, reference, beat, end)
        while not self._is_done(made):
            self._wait(beat, end, f"invalidation {made} of distribution {self.distribution} is still under way")
        return made

    def _begin(self, paths: Sequence[str], reference: str, beat: Callable[[], None], end: float) -> str:
        batch = {"Paths": {"Quantity": len(paths), "Items": list(paths)}, "CallerReference": reference}
        while True:
            try:
                made = self.cloudfront.create_invalidation(DistributionId=self.distribution, InvalidationBatch=batch)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != _FULL:
                    raise
                self._wait(beat, end, f"distribution {self.distribution} has too many invalidations under way")
            else:
                return str(made["Invalidation"]["Id"])

    def _is_done(self, made: str) -> bool:
        found = self.cloudfront.get_invalidation(DistributionId=self.distribution, Id=made)
        # AWS writes "Completed".
        return str(found["Invalidation"]["Status"]).lower() == "completed"

    def _wait(self, beat: Callable[[], None], end: float, why: str) -> None:
        if self.clock() + _PAUSE > end:
            raise SiteFailed(
                f"{why} after {MINUTES} minutes: the files are uploaded, and pages are old for a minute at most; "
                "publish again to complete the release"
            )
        beat()
        self.sleep(_PAUSE)
