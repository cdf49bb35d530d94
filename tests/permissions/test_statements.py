import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.permissions import reference
from tools.permissions.documents import LARGEST, TooLarge, document, documents, size
from tools.permissions.narrowing import Grant
from tools.permissions.statements import Statement, read, shortened, statements

WORDS = st.text("abcXYZ", min_size=1, max_size=12)
ACTIONS = st.lists(WORDS.map(lambda word: f"svc:{word}"), min_size=1, max_size=30, unique=True)
ARNS = st.lists(WORDS.map(lambda word: f"arn:aws:svc:::{word}"), min_size=1, max_size=3, unique=True)
CONDITIONS = st.sampled_from(["", '{"Bool": {"a": "true"}}', '{"StringEquals": {"aws:ResourceTag/b": "c"}}'])
STATEMENTS = st.lists(
    st.builds(Statement, ACTIONS.map(tuple), ARNS.map(tuple), CONDITIONS, effect=st.sampled_from(["Allow", "Deny"])),
    max_size=25,
)


def parts(found: Sequence[Statement]) -> set[tuple[str, str, str, str]]:
    return {part for each in found for part in each.parts()}


@given(STATEMENTS, st.integers(min_value=500, max_value=LARGEST))
def test_splitting_loses_and_invents_nothing(given_: list[Statement], largest: int) -> None:
    written = documents(given_, largest)
    assert parts([read(each) for policy in written for each in policy["Statement"]]) == parts(given_)


@given(STATEMENTS, st.integers(min_value=500, max_value=LARGEST))
def test_no_policy_is_larger_than_aws_takes(given_: list[Statement], largest: int) -> None:
    assert [size(policy) for policy in documents(given_, largest) if size(policy) > largest] == []


@given(st.permutations([Statement((f"svc:{letter}",), ("*",)) for letter in "abcdefgh"]))
def test_the_order_of_the_statements_changes_no_policy(given_: list[Statement]) -> None:
    assert documents(given_, 300) == documents(sorted(given_), 300)


def test_no_policy_is_empty() -> None:
    assert documents([]) == []
    assert all(policy["Statement"] for policy in documents([Statement(("svc:One",), ("*",))]))


def test_an_action_whose_resources_fill_more_than_a_policy_is_named() -> None:
    wide = Statement(("svc:One", "svc:Two"), tuple(f"arn:aws:svc:::{number:0200}" for number in range(3)))
    with pytest.raises(TooLarge, match=r"^svc:One: its resources and conditions do not fit into \d+ characters$"):
        documents([wide], 500)


def test_white_space_does_not_count() -> None:
    assert size(document([])) == len('{"Version":"2012-10-17","Statement":[]}')


def test_actions_on_the_same_resources_share_a_statement() -> None:
    grants = [Grant("s3:PutObject", "a"), Grant("s3:DeleteObject", "a"), Grant("s3:ListBucket", "b")]
    assert statements(grants) == [
        Statement(("s3:DeleteObject", "s3:PutObject"), ("a",)),
        Statement(("s3:ListBucket",), ("b",)),
    ]


def test_conditions_are_never_shared_by_what_does_not_have_them() -> None:
    grants = [Grant("s3:PutObject", "a", '{"Bool": {"x": "true"}}'), Grant("s3:DeleteObject", "a")]
    assert len(statements(grants)) == 2


def test_a_statement_is_read_as_it_was_written() -> None:
    made = Statement(("svc:One",), ("arn",), '{"Bool": {"x": "true"}}', "Deny")
    assert read(made.as_json()) == made


# Patterns


def test_many_reads_of_a_service_become_a_pattern() -> None:
    wanted = {f"ec2:Describe{what}" for what in ("Vpcs", "Subnets", "Images", "Tags", "Volumes")}
    assert shortened(wanted) == {"ec2:Describe*"}


def test_few_reads_are_named() -> None:
    assert shortened({"ec2:DescribeVpcs", "ec2:DescribeTags"}) == {"ec2:DescribeVpcs", "ec2:DescribeTags"}


def test_what_gets_something_is_named() -> None:
    wanted = {name for name in reference.matching("ec2:Get*") if reference.action(name).reads}
    assert len(wanted) > 5
    assert shortened(wanted) == wanted


def test_a_pattern_that_would_change_something_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {f"ec2:Describe{what}" for what in ("Vpcs", "Subnets", "Images", "Tags", "Volumes")}

    def matching(pattern: str) -> list[str]:
        return [*wanted, "ec2:DeleteVpc"]

    monkeypatch.setattr(reference, "matching", matching)
    assert shortened(wanted) == wanted


@given(st.sets(st.sampled_from(sorted(itertools.chain(*map(reference.matching, ("ec2:D*", "iam:*", "kms:L*")))))))
def test_shortening_covers_all_and_opens_only_reads(wanted: set[str]) -> None:
    covered = {name for pattern in shortened(wanted) for name in reference.matching(pattern)}
    assert wanted <= covered
    assert all(reference.action(name).reads for name in covered - wanted)
