"""Socle: the AWS platform of one stack, from its settings to its outputs."""

import pulumi

import settings
import stack

try:
    wanted = settings.load()
    for warning in settings.advice(wanted):
        pulumi.log.warn(warning)
    stack.require_reach(wanted)
    outputs = stack.declare(wanted)
except settings.SettingsError as error:
    for problem in error.problems:
        pulumi.log.error(problem)
    raise pulumi.RunError("the settings of this stack have to change first") from None

for name, value in outputs.items():
    pulumi.export(name, value)
