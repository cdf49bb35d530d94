"""Simulated AWS that also does on moto what it is told to do, so that what was created is there for other clients."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

from rehearsal.aws.provider import SimulatedAws
from rehearsal.check import Declared
from rehearsal.wire import Properties
from rehearsal.world import Thing

BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
REGION = "eu-west-3"


def client(service: str) -> Any:
    return cast(Any, boto3).client(service, region_name=REGION)


@dataclass(frozen=True)
class Made:
    """What moto made: its id, and outputs of its own."""

    id: str
    outputs: Properties


@dataclass(frozen=True)
class Echo:
    """What is done on moto for a type."""

    create: Callable[[Properties], Made]
    delete: Callable[[str], object]
    found: Callable[[str], Properties | None] = lambda id_: None
    """Inputs of what exists there by itself; None when there is nothing."""


def _tags(inputs: Properties) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in inputs.get("tagsAll", {}).items()]


def _bucket(inputs: Properties) -> Made:
    name = inputs["bucket"]
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Made(name, {})


def _versioning(inputs: Properties) -> Made:
    status = inputs["versioningConfiguration"]["status"]
    client("s3").put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})
    return Made(inputs["bucket"], {})


def _key(inputs: Properties) -> Made:
    tags = [{"TagKey": each["Key"], "TagValue": each["Value"]} for each in _tags(inputs)]
    made = client("kms").create_key(Policy=inputs["policy"], Tags=tags)["KeyMetadata"]
    return Made(made["KeyId"], {"arn": made["Arn"], "keyId": made["KeyId"]})


def _alias(inputs: Properties) -> Made:
    client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return Made(inputs["name"], {})


def _role(inputs: Properties) -> Made:
    client("iam").create_role(RoleName=inputs["name"], AssumeRolePolicyDocument=inputs["assumeRolePolicy"])
    return Made(inputs["name"], {})


def _policy(inputs: Properties) -> Made:
    made = client("iam").create_policy(PolicyName=inputs["name"], Path=inputs["path"], PolicyDocument=inputs["policy"])
    return Made(made["Policy"]["Arn"], {})


def _provider(inputs: Properties) -> Made:
    made = client("iam").create_open_id_connect_provider(
        Url=inputs["url"], ClientIDList=inputs["clientIdLists"], ThumbprintList=[]
    )
    arn = made["OpenIDConnectProviderArn"]
    return Made(arn, {"arn": arn})


def _forgive(call: Callable[..., Any], **arguments: Any) -> None:
    """Delete what may be gone already, as the real provider does."""
    try:
        call(**arguments)
    except ClientError as error:
        if "NoSuch" not in str(error) and "NotFound" not in str(error):
            raise


def _found_bucket(id_: str) -> Properties | None:
    try:
        client("s3").head_bucket(Bucket=id_)
    except ClientError:
        return None
    return {"bucket": id_}


def _found_key(id_: str) -> Properties | None:
    try:
        client("kms").describe_key(KeyId=id_)
    except ClientError:
        return None
    return {"description": "made by hand"}


def _found_alias(id_: str) -> Properties | None:
    for page in client("kms").get_paginator("list_aliases").paginate():
        for each in page["Aliases"]:
            if each["AliasName"] == id_:
                return {"name": id_, "targetKeyId": each["TargetKeyId"]}
    return None


def _found_role(id_: str) -> Properties | None:
    try:
        role = client("iam").get_role(RoleName=id_)["Role"]
    except ClientError:
        return None
    return {"name": id_, "path": role["Path"], "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"])}


def _found_policy(id_: str) -> Properties | None:
    try:
        policy = client("iam").get_policy(PolicyArn=id_)["Policy"]
    except ClientError:
        return None
    version = client("iam").get_policy_version(PolicyArn=id_, VersionId=policy["DefaultVersionId"])
    document = json.dumps(version["PolicyVersion"]["Document"])
    return {"name": policy["PolicyName"], "path": policy["Path"], "policy": document}


def _found_provider(id_: str) -> Properties | None:
    try:
        found = client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=id_)
    except ClientError:
        return None
    return {"url": f"https://{found['Url'].removeprefix('https://')}", "clientIdLists": found["ClientIDList"]}


_ECHOES = {
    BUCKET: Echo(_bucket, lambda id_: _forgive(client("s3").delete_bucket, Bucket=id_), _found_bucket),
    VERSIONING: Echo(_versioning, lambda id_: None),
    KEY: Echo(_key, lambda id_: _forgive(client("kms").schedule_key_deletion, KeyId=id_), _found_key),
    ALIAS: Echo(_alias, lambda id_: _forgive(client("kms").delete_alias, AliasName=id_), _found_alias),
    ROLE: Echo(_role, lambda id_: _forgive(client("iam").delete_role, RoleName=id_), _found_role),
    POLICY: Echo(_policy, lambda id_: _forgive(client("iam").delete_policy, PolicyArn=id_), _found_policy),
    PROVIDER: Echo(
        _provider,
        lambda id_: _forgive(client("iam").delete_open_id_connect_provider, OpenIDConnectProviderArn=id_),
        _found_provider,
    ),
}


class EchoingAws(SimulatedAws):
    """The rehearsal's AWS with an account on moto behind what the bootstrap makes."""

    def make(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Thing:
        thing = super().make(declared, inputs, existing)
        echo = _ECHOES.get(declared.type)
        if echo is None or existing is not None:
            return thing
        made = echo.create(inputs)
        outputs = {**thing.outputs, **made.outputs, "id": made.id}
        arn = {str(outputs["arn"])} if "arn" in outputs else set[str]()
        return replace(thing, id=made.id, outputs=outputs, identities=thing.identities | arn)

    def release(self, thing: Thing) -> None:
        super().release(thing)
        echo = _ECHOES.get(thing.type)
        if echo is not None:
            echo.delete(thing.id)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802 (the protocol's)
        """As on AWS, what somebody else made can be read, and imported."""
        type_ = str(request.urn).split("::")[2].rpartition("$")[2]
        echo = _ECHOES.get(type_)
        inputs = echo.found(request.id) if echo and self.world.get(type_, request.id) is None else None
        if inputs is not None:
            name = str(request.urn).rpartition("::")[2]
            found = super().make(Declared(request.urn, type_, name, self._config(context), ""), inputs, None)
            arn = _arn_of_key(request.id) if type_ == KEY else {}
            outputs = {**found.outputs, **arn, "id": request.id}
            self.world.put(replace(found, id=request.id, outputs=outputs))
        return super().Read(request, context)


def _arn_of_key(id_: str) -> Properties:
    return {"arn": client("kms").describe_key(KeyId=id_)["KeyMetadata"]["Arn"], "keyId": id_}
