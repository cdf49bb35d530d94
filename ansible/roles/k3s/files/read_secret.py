#!/usr/bin/python3
"""Copy one secret from AWS Secrets Manager into a file that only root reads, by the role of this machine."""

import os
import sys
import tempfile
from pathlib import Path

import boto3


def fetch(region: str, arn: str) -> str:
    """The text of a secret, without the line end that an editor may have left."""
    secret: str = boto3.client("secretsmanager", region_name=region).get_secret_value(SecretId=arn)["SecretString"]
    return secret.strip()


def store(secret: str, path: Path) -> bool:
    """Write a secret where it is not yet; never half, and never readable by others. Tells whether it was new."""
    if path.exists() and path.read_text(encoding="utf-8") == secret:
        path.chmod(0o600)
        return False
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # mkstemp gives 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret)
    Path(name).replace(path)
    return True


def main(arguments: list[str]) -> int:
    """Say `changed` or `unchanged`, and what is wrong without the secret itself."""
    region, arn, path = arguments
    try:
        secret = fetch(region, arn)
    except Exception as error:
        print(f"cannot read {arn} by this machine's role: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if not secret:
        print(f"{arn} is empty", file=sys.stderr)  # noqa: T201
        return 1
    print("changed" if store(secret, Path(path)) else "unchanged")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
