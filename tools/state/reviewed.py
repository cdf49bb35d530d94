"""What a person has seen of a deployment before it may begin, kept beside the states."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tools.state.objects import Objects

KIND: Final = "reviewed"
LASTS: Final = timedelta(hours=24)
"""After that the cloud has had time to change, and people to forget."""


@dataclass(frozen=True)
class Reviewed:
    """A plan as it was shown."""

    digest: str
    """Of what is planned."""
    state: str
    """Version of the state that it begins with."""
    valid_at: str
    """When it was made, in ISO 8601."""

    def lasts(self, now: datetime) -> bool:
        """Whether it is young enough to be deployed."""
        try:
            made = datetime.fromisoformat(self.valid_at)
        except ValueError:
            return False
        return made.tzinfo is not None and now - made < LASTS

    def fits(self, other: "Reviewed") -> bool:
        """Whether the other plan does the same from the same beginning."""
        return bool(self.digest) and (self.digest, self.state) == (other.digest, other.state)


def remember(objects: Objects, stack: str, shown: Reviewed) -> None:
    """Keep what was just shown; may raise what `tools.account.Failure` names."""
    objects.write(objects.backend.own_key(KIND, f"{stack}.json"), json.dumps(shown.__dict__).encode())


def remembered(objects: Objects, stack: str) -> Reviewed | None:
    """What was shown last and not deployed; None when there is nothing, or nothing that can be read."""
    found = objects.read(objects.backend.own_key(KIND, f"{stack}.json"))
    if found is None:
        return None
    try:
        document: dict[str, Any] = json.loads(found.body)
        return Reviewed(str(document["digest"]), str(document["state"]), str(document["valid_at"]))
    except (ValueError, KeyError, TypeError):
        return None


def forget(objects: Objects, stack: str) -> None:
    """It has been deployed."""
    objects.delete(objects.backend.own_key(KIND, f"{stack}.json"))
