"""Rules of node ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.lineage import (
    Kind,
    data_node,
    episode_node,
    model_node,
    parse,
    reaction_node,
    trial_node,
    verdict_node,
)  # fmt: skip

words = st.text(st.characters(exclude_characters="|", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(asset=words, partition=st.text(max_size=20), digest=words)
def test_a_data_node_is_taken_apart_into_what_it_was_made_of(asset: str, partition: str, digest: str) -> None:
    """Also where the partition is empty (a whole table) or holds the separator (two dimensions)."""
    node = data_node(asset, partition, digest)
    assert parse(node).parts == (asset, partition, digest)
    assert str(parse(node)) == node


@given(first=words, second=words)
def test_every_kind_is_taken_apart(first: str, second: str) -> None:
    """Kind and parts come back from the text."""
    assert parse(model_node(first, second)).parts == (first, second)
    makers = {
        Kind.TRIAL: trial_node, Kind.VERDICT: verdict_node, Kind.REACTION: reaction_node, Kind.EPISODE: episode_node,
    }  # fmt: skip
    for kind, make in makers.items():
        name = parse(make(first))
        assert (name.kind, name.parts) == (kind, (first,))


@pytest.mark.parametrize("text", ["", "retail/sales", "what:x", "trial:", "model:demand", "data:a|b", "model:|v1"])
def test_what_is_no_node_is_refused(text: str) -> None:
    """The error shows the text and what is allowed."""
    with pytest.raises(ValueError, match=r"of lineage.*Allowed"):
        parse(text)
