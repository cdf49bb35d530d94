"""Print nothing but what tasks tagged `outcome` say, so that a program can read it; failures go to standard error."""

import sys

from ansible.executor.task_result import CallbackTaskResult
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: outcome
type: stdout
short_description: only the messages of tasks tagged outcome
description: Standard output carries the message of tasks tagged outcome, standard error what went wrong.
"""


class CallbackModule(CallbackBase):
    """The voice of a playbook whose answer is data."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "outcome"

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Pass on the message of a task that carries the outcome."""
        if "outcome" in result.task.tags:
            sys.stdout.write(f"{result.result['msg']}\n")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """Name the machine and the task that failed."""
        if not ignore_errors:
            self._complain(result)

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """Name the machine that did not answer."""
        self._complain(result)

    def _complain(self, result: CallbackTaskResult) -> None:
        said = result.result.get("msg") or result.result.get("stderr") or "failed"
        sys.stderr.write(f"{result.host}: {result.task.name}: {said}\n")
