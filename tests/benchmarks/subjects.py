"""What is measured.  Each subject is measured at both sizes; pages must cost the same few statements at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from opslib import registry, schema
from opslib.fields import MIB
from opslib.ops import Ops
from opslib.query import Query
from opslib.resource import Resource
from opslib.resources import alias_targets
from opslib.stores.database import read, write
from opslib.verify import verify
from tests.benchmarks import api
from tests.benchmarks.measure import Work


@dataclass(frozen=True, slots=True)
class Subject:
    """One line of the report: `prepare` gives the work to measure.

    Pages are read-only and few statements; what is flat takes as many statements at one size as at the other.
    """

    label: str
    prepare: Callable[[Ops], Work]
    times: int = 9
    page: bool = False
    flat: bool = False


def _page(label: str, name: str, **where: str) -> Subject:
    def prepare(ops: Ops) -> Work:
        resource = ops.resource(name)
        filled = {key: value.format(domain=largest(ops)) for key, value in where.items()}
        query = Query.where(**filled)
        return lambda: resource.page(query, shown(resource))

    return Subject(label, prepare, page=True)


def _call(label: str, method: str, path: str, body: Any = None) -> Subject:
    return Subject(f"API: {label}", lambda ops: api.call(ops, method, path, body), flat=True)


def shown(resource: Resource) -> list[str]:
    """Fields a grid shows unasked."""
    return [name for name, declared in resource.fields.items() if declared.grid]


def largest(ops: Ops) -> str:
    """The domain with most mailboxes."""
    column = schema.mailbox.c.domain
    with read(ops.site.engine) as connection:
        return str(connection.scalar(sa.select(column).group_by(column).order_by(sa.func.count().desc()).limit(1)))


# -- bulk edits -----------------------------------------------------------------------------------------------------
def same_quota(ops: Ops) -> Work:
    """All mailboxes get one quota, in one plan."""
    return lambda: ops.commit(ops.mailboxes.edit(ops.every(), {"quota": "1 GiB"}))


def own_quotas(ops: Ops) -> Work:
    """All mailboxes get a quota of their own, in one plan."""
    usernames = ops.mailboxes.keys(ops.every())
    changes = {name: {"quota": (512 + number % 500) * MIB} for number, name in enumerate(usernames)}
    return lambda: ops.commit(ops.mailboxes.edit_rows(changes))


def plan_only(ops: Ops) -> Work:
    """The same change as a plan that is not committed."""
    return lambda: ops.mailboxes.edit(ops.every(), {"quota": "700 MiB"})


# -- whole sites ----------------------------------------------------------------------------------------------------
def _verified(ops: Ops) -> Work:
    return lambda: verify(ops.site)


def watch(ops: Ops) -> Work:
    """Look whether other programs changed aliases: what the first page after 20 seconds does beside its own statements."""

    def work() -> None:
        ops.site.extra.clear()
        alias_targets.ensure(ops.site)

    return work


def _derived(name: str, table: sa.Table | None = None) -> Callable[[Ops], Work]:
    """Derive all rows anew; with a table, after emptying it."""

    def prepare(ops: Ops) -> Work:
        def work() -> None:
            with write(ops.site.engine) as connection:
                if table is not None:
                    connection.execute(table.delete())
                registry.derive(name, connection, ops.site)

        return work

    return prepare


SUBJECTS = (
    _page("Mailboxes, page of 25", "mailboxes"),
    _page("Mailboxes, sorted by username, descending", "mailboxes", sort="-username"),
    _page("Mailboxes, sorted by quota used", "mailboxes", sort="-quota_used"),
    _page("Mailboxes, sorted by last mail login", "mailboxes", sort="-last_login"),
    _page("Mailboxes, filtered by domain", "mailboxes", domain="{domain}"),
    _page("Mailboxes, filtered by search text", "mailboxes", search="muller"),
    _page("Aliases, page of 25", "aliases"),
    _page("Aliases, filtered by search text", "aliases", search="sales"),
    _page("Domains, page of 25", "domains"),
    Subject("Look for aliases of other programs", watch),
    _call("get/mailbox/all", "GET", "get/mailbox/all"),
    _call("get/mailbox/reduced", "GET", "get/mailbox/reduced"),
    _call("get/alias/all", "GET", "get/alias/all"),
    _call("search/mailbox, sorted by username", "POST", "search/mailbox", api.search("", 2)),
    _call("search/mailbox, text, sorted by quota", "POST", "search/mailbox", api.search("muller", 3)),
    _call("search/domain, sorted by use", "POST", "search/domain", api.search("", 6)),
    Subject("Bulk edit: plan one quota for all", plan_only, 1),
    Subject("Bulk edit: plan and commit one quota for all", same_quota, 1),
    Subject("Bulk edit: plan and commit another quota for each", own_quotas, 1),
    Subject("Verify every invariant", _verified, 1),
    Subject("SOGo rows, nothing changed", _derived("sogo"), 1),
    Subject("SOGo rows, all anew", _derived("sogo", schema.sogo_static_view), 1),
    Subject("Index of alias targets, all anew", _derived("alias_targets", schema.ops_alias_target), 1),
)
