"""Socle's bootstrap: where the states are, who may open them, and as whom CI works."""

import os
import sys
from pathlib import Path

# The rest of the checkout is one folder up; the engine starts programs in their own.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pulumi

from bootstrap import adoption, answers, composition, policies
from settings.errors import SettingsError

try:
    wanted = answers.load()
    documents = policies.read_policies()
except (SettingsError, policies.PoliciesRefused) as error:
    raise pulumi.RunError(str(error)) from None
if wanted.account_id is None:
    raise pulumi.RunError("socle-bootstrap:account_id is missing: `make bootstrap` writes it, and runs this program")

pulumi.runtime.register_stack_transformation(adoption.adopting(adoption.wanted(os.environ)))
for name, value in composition.declare(wanted, wanted.account_id, documents).items():
    pulumi.export(name, value)
