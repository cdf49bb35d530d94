"""The forges whose pipelines AWS knows by the tokens that they sign."""

from typing import Final

import pulumi
import pulumi_aws as aws

from bootstrap.answers import Answers

# https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
GITHUB_HOST: Final = "token.actions.githubusercontent.com"
GITHUB_AUDIENCE: Final = "sts.amazonaws.com"


def audiences(answers: Answers) -> dict[str, tuple[str, str]]:
    """By forge, the host of its provider and the audience that its tokens must name; only those configured."""
    found: dict[str, tuple[str, str]] = {}
    if answers.github:
        found["github"] = (GITHUB_HOST, GITHUB_AUDIENCE)
    if answers.gitlab:
        # https://docs.gitlab.com/ci/cloud_services/aws/
        found["gitlab"] = (answers.gitlab.host, answers.gitlab.url)
    return found


def identity_providers(answers: Answers, opts: pulumi.ResourceOptions) -> dict[str, pulumi.Output[str]]:
    """ARN of the provider of each forge. An account has one for an address, which other roles may trust too.

    It therefore stays in AWS when the bootstrap goes, and who else it speaks to is left as it is. It costs nothing.
    """
    shared = pulumi.ResourceOptions.merge(
        opts,
        pulumi.ResourceOptions(retain_on_delete=True, ignore_changes=["clientIdLists", "thumbprintLists", "tags"]),
    )
    return {
        forge: aws.iam.OpenIdConnectProvider(
            f"{forge}-provider", url=f"https://{host}", client_id_lists=[audience], opts=shared
        ).arn
        for forge, (host, audience) in audiences(answers).items()
    }
