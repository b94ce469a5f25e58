"""Sentences for the contract's message keys, in our own words.

Templates are filled by `str.format` with positional arguments; arguments are raw text and are escaped where they are
rendered, never here.  A key without a template is shown as it is, so that a new key is visible and not lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import Formatter
from typing import Any

TEXTS: dict[str, str] = {
    # rights and presence
    "access_denied": "You have no access to this, or it does not exist.",
    "not_found": "{0} does not exist.",
    "nothing_selected": "Nothing is selected.",
    "nothing_to_change": "Nothing to change: every value is already as asked.",
    "row_changed": "{0} was changed by someone else meanwhile ({1} is now {2}). Nothing was written; reload and try again.",
    "row_gone": "{0} no longer exists. Nothing was written; reload and try again.",
    "row_exists": "{0} exists by now. Nothing was written; reload and try again.",
    "row_moved_on": "{0} was changed again since and is left as it is.",
    "already_undone": "This change was undone already.",
    "undo_not_possible": "This change cannot be undone: {0}",
    "secret_not_restored": "The password of {0} is not kept in the journal: set a new one after the undo.",
    "effect_not_undone": "Not undone: {0}",
    "effect_waiting": "{0} waits: {1}",
    "effect_failed": "{0} failed and will be tried again: {1}",
    "acl_needed": "Your account lacks the right “{0}”.",
    "field_read_only": "{0} cannot be changed here.",
    "field_unknown": "There is no field named {0}.",
    "field_needed": "{0} is needed.",
    "value_invalid": "{0} is not valid here.",
    "value_not_text": "Text is expected here.",
    "value_not_number": "“{0}” is not a whole number.",
    "value_too_small": "The value must be at least {0}.",
    "value_too_large": "The value must be at most {0}.",
    "value_too_long": "At most {0} characters fit here; these are {1}.",
    "value_control_characters": "Control characters are not allowed here.",
    "value_not_choice": "“{0}” is not one of: {1}.",
    "value_not_flag": "“{0}” is neither yes nor no.",
    "value_not_size": "“{0}” is not a size. Examples: 3072, 3 GiB, 500 MiB, 0 for unlimited.",
    "value_not_moment": "“{0}” is not a date and time. Example: 2026-01-31 18:00.",
    "filter_unknown": "Filter “{0}” is not understood.",
    "selection_too_large": "{0} rows match; at most {1} can be changed at once.",
    # domains
    "domain_invalid": "This is not a valid domain name.",
    "domain_exists": "{0} is a domain or an alias domain of this server already.",
    "domain_cannot_match_hostname": "The mail server's own host name cannot be a mail domain.",
    "domain_not_empty": "{0} still has mailboxes or resources; delete or move them first.",
    "domain_not_found": "{0} is not a domain of this server.",
    "domain_added": "Domain {0} was added.",
    "domain_modified": "Domain {0} was changed.",
    "domain_removed": "Domain {0} was deleted.",
    "domain_footer_modified": "The footer of {0} was changed.",
    "domain_add_dkim_available": "A DKIM key for {0} was there already and is used again.",
    "domain_sogo_restart": "SOGo is restarted so that it knows {0}.",
    "dkim_added": "A DKIM key for {0} was made.",
    "mailbox_defquota_exceeds_mailbox_maxquota": "The default quota is larger than the largest quota a mailbox may have.",
    "mailbox_quota_exceeds_domain_quota": "The largest mailbox quota exceeds the quota of the whole domain.",
    "defquota_empty": "The default quota must be above 0.",
    "maxquota_empty": "The largest mailbox quota must be above 0.",
    "max_quota_in_use": "A mailbox of this domain has {0} MiB already; the limit cannot be lower.",
    "domain_quota_m_in_use": "{0} MiB are allotted to mailboxes already; the domain quota cannot be lower.",
    "mailboxes_in_use": "The domain has {0} mailboxes already; the limit cannot be lower.",
    "aliases_in_use": "The domain has {0} aliases already; the limit cannot be lower.",
    "object_is_not_numeric": "“{0}” is not a number.",
    "domain_admins_lost": "Domain administrator {0} has no other domain and is deleted too.",
    # alias domains
    "alias_domain_invalid": "{0} is not a valid alias domain, or is taken.",
    "aliasd_targetd_identical": "An alias domain cannot point to itself ({0}).",
    "target_domain_invalid": "{0} cannot be the target of an alias domain.",
    "targetd_not_found": "Target domain {0} does not exist.",
    "targetd_relay_domain": "{0} is a relay domain and cannot be the target of an alias domain.",
    "aliasd_added": "Alias domain {0} was added.",
    "aliasd_modified": "Alias domain {0} was changed.",
    "alias_domain_removed": "Alias domain {0} was deleted.",
    # mailboxes
    "mailbox_invalid": "This is not a usable mailbox address.",
    "local_part_invalid": "These characters cannot be used before the @ of a mailbox: {0}",
    "username_invalid": "{0} is not a valid mailbox name.",
    "object_exists": "{0} exists already.",
    "is_alias": "{0} is an alias already.",
    "is_alias_or_mailbox": "{0} is an alias, a mailbox or an alias-domain address of a mailbox already.",
    "is_spam_alias": "{0} is a temporary alias already.",
    "max_mailbox_exceeded": "The domain has {0} of {1} mailboxes already.",
    "mailbox_quota_exceeded": "A mailbox of this domain may have at most {0} MiB.",
    "mailbox_quota_left_exceeded": "Only {0} MiB are left in this domain.",
    "unlimited_quota_acl": "Your account may not give unlimited quota.",
    "quarantine_category_invalid": "The quarantine category must be one of reject, add_header, all.",
    "quarantine_notification_invalid": "The notification interval must be one of never, hourly, daily, weekly.",
    "password_complexity": "The password does not meet the password policy.",
    "password_too_long": "Passwords of more than 72 bytes cannot be hashed with BLF-CRYPT.",
    "password_mismatch": "The two passwords differ.",
    "password_hashed_denied": "Only an administrator may store an already hashed password.",
    "mailbox_added": "Mailbox {0} was added.",
    "mailbox_modified": "Mailbox {0} was changed.",
    "mailbox_removed": "Mailbox {0} was deleted.",
    "mailbox_renamed": "Mailbox {0} is now {1}.",
    "rl_saved": "The rate limit of {0} was saved.",
    "rl_timeframe": "A rate limit is a number and a time frame: s, m, h or d. Example: 10/h.",
    "rl_value": "The number of a rate limit must be at least 1; leave it empty for no limit.",
    "tag_limit_exceeded": "At most {0} tags can be given at once.",
    "template_missing": "There is no template named {0}.",
    "custom_attribute_invalid": "Every custom attribute needs one name and one value.",
    "sender_acl_invalid": "{0} cannot be allowed as a sender address.",
    "extended_sender_acl_denied": "Your account may not allow external sender addresses.",
    "extra_acl_invalid": "{0} is not a valid external sender.",
    "extra_acl_invalid_domain": "{0} is a domain of this server, not an external one.",
    "relayhost_invalid": "There is no sender-dependent transport {0}.",
    "acl_saved": "The rights of {0} were saved.",
    "eas_reset": "The ActiveSync cache of {0} was cleared.",
    "sogo_profile_reset": "The SOGo profile of {0} was reset.",
    "last_login_reset": "The login history of {0} was cleared.",
    # aliases
    "alias_added": "Alias {0} was added.",
    "alias_modified": "Alias {0} was changed.",
    "alias_removed": "Alias {0} was deleted.",
    "alias_empty": "An alias needs an address.",
    "alias_invalid": "{0} is not a valid alias address.",
    "alias_goto_identical": "An alias cannot point to itself.",
    "goto_empty": "An alias needs at least one target.",
    "goto_invalid": "{0} is not a usable target.",
    "goto_special": "discard, learn as spam and learn as ham stand alone: no other target beside them.",
    "max_alias_exceeded": "The domain has no room for another alias.",
    "comment_too_long": "A comment may have at most 160 bytes.",
    "is_not_primary_alias": "{0} lives in an alias domain and cannot be expanded.",
    "alias_loop": "Mail to {0} would go round in a circle: {1}.",
    "alias_expanded": "{0} exists in every alias domain already.",
    "no_alias_domains": "{0} has no alias domains to expand over.",
    # temporary aliases, app passwords, policy lists, MTA-STS, Pushover
    "validity_missing": "The validity must be 1 to 87600 hours.",
    "app_passwd_added": "The app password was added.",
    "app_passwd_removed": "App password {0} was deleted.",
    "app_passwd_id_invalid": "There is no app password {0}.",
    "app_name_empty": "An app password needs a name.",
    "object_modified": "{0} was changed.",
    "item_deleted": "Entry {0} was deleted.",
    "items_deleted": "Entries {0} were deleted.",
    "policy_list_from_invalid": "This is not a usable sender pattern: letters, digits and @ . _ - * only.",
    "policy_list_from_exists": "This sender is on a list of this object already.",
    "spam_score_invalid": "Two scores are needed, 0 < mark < reject. Example: 5,15.",
    "version_invalid": "{0}: the only MTA-STS version is STSv1.",
    "mode_invalid": "{0}: the mode must be enforce, testing or none.",
    "max_age_invalid": "{0}: max_age must be 1 to 31557600 seconds.",
    "mx_invalid": "{0} is not a valid MX name.",
    "mta_sts_exists": "{0} has an MTA-STS policy already.",
    "saved_settings": "The settings were saved.",
    # resources
    "resource_invalid": "This resource is not valid: the name needs letters or digits, the kind is location, group or thing.",
    "description_invalid": "A resource needs a description.",
    "resource_added": "Resource {0} was added.",
    "resource_modified": "Resource {0} was changed.",
    "resource_removed": "Resource {0} was deleted.",
    # templates
    "template_name_invalid": "A template needs a name.",
    "template_exists": "There is a template named {0} already.",
    "template_id_invalid": "There is no such template.",
    "template_default": "The Default template can be neither renamed nor deleted.",
    "template_added": "Template {0} was added.",
    "template_modified": "Template {0} was changed.",
    "template_removed": "Template {0} was deleted.",
    # sign-in
    "login_failed": "Wrong name or password.",
    "login_throttled": "Too many failed sign-ins. Wait {0} seconds.",
    "second_factor_needed": "This account uses a second factor, which this console does not offer yet.",
    "second_factor_setup_needed": "This account must have a second factor, which cannot be set up in this console yet.",
    "password_wrong": "This is not the present password.",
    "password_same": "The new password is the present one. Choose another.",
    "sign_in_busy": "Many people sign in just now. Try again in a few seconds.",
    "malformed_username": "This is not a user name.",
    "logged_in_as": "Signed in as {0}.",
    "default_password": "This account still has the publicly known default password. Choose a new one now.",
    # backends
    "database_down": "The database cannot be reached: {0}",
    "database_busy": "The database is busy: {0} Try again.",
    "keyvalue_down": "The key-value store cannot be reached: {0}",
    "schema_foreign": "This database is not empty and holds no mail server schema (table versions is missing).",
    "host_absent": "no connection to the host is configured",
    "setting_invalid": "{0}: {1}",
    "task_failed": "The task failed: {0}",
    "internal_error": "Something went wrong inside mailops. The details are in the log under {0}.",
}


class _Gaps(Formatter):
    """Fill a template even when fewer arguments came than it asks for."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Any) -> Any:
        return args[key] if isinstance(key, int) and key < len(args) else "?"


def text(key: str, args: Sequence[Any] = ()) -> str:
    """Sentence of `key` filled with `args`; the key itself with its arguments when it has no template."""
    template = TEXTS.get(key)
    if template is None:
        return " ".join([key, *map(str, args)])
    return _Gaps().vformat(template, args, {})
