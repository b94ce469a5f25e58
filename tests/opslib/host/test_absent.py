from __future__ import annotations

import pytest

from opslib.errors import ServerError
from opslib.host.absent import AbsentHost
from opslib.host.base import VERBS, Host, HostAbsent


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_that_there_is_no_host(verb: str) -> None:
    host: Host = AbsentHost("the container socket is not mounted")
    with pytest.raises(HostAbsent, match="socket is not mounted"):
        host.do(verb)
    assert not host.demo


def test_services_are_unknown_and_the_usual_reason_has_words() -> None:
    with pytest.raises(ServerError, match="no connection to the host"):
        AbsentHost().services()
