"""What the engine runs for `--policy-pack policy`."""

import sys
from pathlib import Path

# The engine puts this folder on the path, where the rules are found under the name that everything else calls them by.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from policy.pack import serve

serve()
