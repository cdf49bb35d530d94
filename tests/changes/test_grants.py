"""What a change allows that was not allowed before."""

import json
from typing import Any

from tests.changes.documents import document, step
from tools.changes.grants import permission_summary
from tools.changes.masks import Masks
from tools.changes.reader import read_preview
from tools.changes.summaries import Granted, PermissionSummary

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
FILES = "arn:aws:s3:::files/*"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def policy(*statements: dict[str, Any]) -> dict[str, str]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": FILES, **more}


def granted(*steps: Any, masks: Masks | None = None) -> PermissionSummary | None:
    return permission_summary(read_preview("dev", document(*steps)), masks or Masks())


def only(*steps: Any) -> Granted:
    found = granted(*steps)
    assert found
    assert found.unknown == ()
    (each,) = found.grants
    return each


def test_an_action_that_is_added_and_one_that_is_removed_are_told_with_their_resource() -> None:
    old, new = policy(allow("s3:GetObject", "s3:ListBucket")), policy(allow("s3:GetObject"), allow("s3:PutObject"))
    assert only(step("update", "deploy", ROLE_POLICY, old=old, new=new)) == Granted(
        resource=f"{ROLE_POLICY} deploy",
        added=(f"s3:PutObject on {FILES}",),
        removed=(f"s3:ListBucket on {FILES}",),
    )


def test_another_order_of_the_same_permissions_is_no_change() -> None:
    old, new = policy(allow("s3:GetObject", "s3:PutObject")), policy(allow("s3:PutObject"), allow("s3:GetObject"))
    assert granted(step("update", "deploy", ROLE_POLICY, old=old, new=new)) is None


def test_what_is_denied_is_no_permission() -> None:
    assert granted(step("create", "deploy", ROLE_POLICY, new=policy(allow("s3:*", Effect="Deny")))) is None


def test_a_policy_that_goes_takes_its_permissions_along() -> None:
    gone = only(step("delete", "deploy", ROLE_POLICY, old=policy(allow("s3:GetObject"))))
    assert (gone.added, gone.removed) == ((), (f"s3:GetObject on {FILES}",))


def test_an_attached_policy_is_told_by_its_arn() -> None:
    new = {"role": "deploy", "policyArn": READ_ONLY}
    assert only(step("create", "reads", ATTACHMENT, new=new)).added == (f"all of {READ_ONLY}",)


def test_who_may_and_under_conditions_are_told_and_all_but_some_is_no_list_of_them() -> None:
    public = allow("s3:GetObject", Principal="*")
    narrowed = allow("s3:PutObject", Principal={"AWS": ["a", "b"]}, Condition={"Bool": {"aws:SecureTransport": "true"}})
    other = {"Effect": "Allow", "NotAction": ["iam:*"], "NotResource": FILES, "Principal": {"AWS": "a"}}
    assert set(only(step("create", "files", BUCKET_POLICY, new=policy(public, narrowed, other))).added) == {
        f"s3:GetObject on {FILES} to anybody",
        f"s3:PutObject on {FILES} to a under conditions",
        f"s3:PutObject on {FILES} to b under conditions",
        f"everything but iam:* on everything but {FILES} to a",
    }


def test_a_policy_of_what_only_the_update_knows_is_named() -> None:
    found = granted(step("create", "deploy", ROLE_POLICY, new={"policy": UNKNOWN}))
    assert found == PermissionSummary(unknown=(f"{ROLE_POLICY} deploy",))
    same = {"policy": UNKNOWN}
    assert granted(step("same", "deploy", ROLE_POLICY, old=same, new=same)) is None


def test_secrets_in_a_policy_are_masked() -> None:
    new = policy(allow("s3:GetObject", Resource="arn:aws:s3:::hunter2hunter2/*"))
    found = granted(step("create", "deploy", ROLE_POLICY, new=new), masks=Masks(["hunter2hunter2"]))
    assert found
    assert found.grants[0].added == ("s3:GetObject on arn:aws:s3:::[masked]/*",)
