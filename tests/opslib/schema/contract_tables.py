"""The contract's tables transcribed as data, independently of the declarations in `opslib.schema`.

Source: contract addresses.md 2, access.md 2 and 9, mailflow.md 1 to 8 and 11.1, operations.md 2.1, 6.2 and 7.2; SOGo's
tables and what the contract leaves out follow the public schema of version 19022026_1220.  One line per part of a table:

    name type [unsigned] [null] [= default]     a column, NOT NULL unless it says null; `auto` counts up
    pk a b        primary key                   unique name a b     key name a b
    fk name column -> table.column              ON DELETE CASCADE ON UPDATE NO ACTION
    created / modified                          the two usual time stamps

Types are MariaDB's as `information_schema` spells them; `json` is LONGTEXT with a check there.
"""

from __future__ import annotations

CONTRACT = """
domain
    domain varchar(255)
    description varchar(255) null
    aliases int(10) = 0
    mailboxes int(10) = 0
    defquota bigint(20) = 3072
    maxquota bigint(20) = 102400
    quota bigint(20) = 102400
    relayhost varchar(255) = '0'
    backupmx tinyint(1) = 0
    gal tinyint(1) = 1
    relay_all_recipients tinyint(1) = 0
    relay_unknown_only tinyint(1) = 0
    created
    modified
    active tinyint(1) = 1
    pk domain

domain_wide_footer
    domain varchar(255)
    html longtext null
    plain longtext null
    mbox_exclude json = '[]'
    alias_domain_exclude json = '[]'
    skip_replies tinyint(1) = 0
    pk domain

tags_domain
    tag_name varchar(255)
    domain varchar(255)
    unique tag_name tag_name domain
    fk fk_tags_domain domain -> domain.domain

tags_mailbox
    tag_name varchar(255)
    username varchar(255)
    unique tag_name tag_name username
    fk fk_tags_mailbox username -> mailbox.username

mta_sts
    id bigint(20)
    domain varchar(255)
    version varchar(255)
    mode varchar(255)
    mx varchar(255)
    max_age varchar(255)
    active tinyint(1) = 1
    pk domain

alias_domain
    alias_domain varchar(255)
    target_domain varchar(255)
    created
    modified
    active tinyint(1) = 1
    pk alias_domain
    key active active
    key target_domain target_domain

mailbox
    username varchar(255)
    password varchar(255)
    name varchar(255) null
    description varchar(255) null
    mailbox_path_prefix varchar(150) null = '/var/vmail/'
    quota bigint(20) = 102400
    local_part varchar(255)
    domain varchar(255)
    attributes json null
    custom_attributes json = '{}'
    kind varchar(100) = ''
    multiple_bookings int(11) = -1
    authsource enum('mailcow','keycloak','generic-oidc','ldap') null = 'mailcow'
    created
    modified
    active tinyint(1) = 1
    pk username
    key domain domain
    key kind kind

user_acl
    username varchar(255)
    spam_alias tinyint(1) = 1
    tls_policy tinyint(1) = 1
    spam_score tinyint(1) = 1
    spam_policy tinyint(1) = 1
    delimiter_action tinyint(1) = 1
    syncjobs tinyint(1) = 0
    eas_reset tinyint(1) = 1
    sogo_profile_reset tinyint(1) = 0
    pushover tinyint(1) = 1
    quarantine tinyint(1) = 1
    quarantine_attachments tinyint(1) = 1
    quarantine_notification tinyint(1) = 1
    quarantine_category tinyint(1) = 1
    app_passwds tinyint(1) = 1
    pw_reset tinyint(1) = 1
    pk username
    fk fk_username username -> mailbox.username

quota2
    username varchar(255)
    bytes bigint(20) = 0
    messages bigint(20) = 0
    pk username

quota2replica
    username varchar(255)
    bytes bigint(20) = 0
    messages bigint(20) = 0
    pk username

alias
    id int(11) auto
    address varchar(255)
    goto text
    domain varchar(255)
    created
    modified
    private_comment text null
    public_comment text null
    sogo_visible tinyint(1) = 1
    internal tinyint(1) = 0
    sender_allowed tinyint(1) = 1
    active tinyint(1) = 1
    pk id
    unique address address
    key domain domain

sender_acl
    id int(11) auto
    logged_in_as varchar(255)
    send_as varchar(255)
    external tinyint(1) = 0
    pk id

spamalias
    address varchar(255)
    goto text
    description text
    created
    modified
    validity int(11) null
    permanent tinyint(1) = 0
    pk address

filterconf
    object varchar(255) = ''
    option varchar(50) = ''
    value varchar(100) = ''
    created
    modified
    prefid int(11) auto
    pk prefid
    key object object

app_passwd
    id int(11) auto
    name varchar(255)
    mailbox varchar(255)
    domain varchar(255)
    password varchar(255)
    created
    modified
    imap_access tinyint(1) = 1
    smtp_access tinyint(1) = 1
    dav_access tinyint(1) = 1
    eas_access tinyint(1) = 1
    pop3_access tinyint(1) = 1
    sieve_access tinyint(1) = 1
    active tinyint(1) = 1
    pk id
    key mailbox mailbox
    key password password
    key domain domain
    fk fk_username_app_passwd mailbox -> mailbox.username

pushover
    username varchar(255)
    key varchar(255)
    token varchar(255)
    attributes json null
    title text null
    text text null
    senders text null
    senders_regex text null
    active tinyint(1) = 1
    pk username

templates
    id int(11) auto
    template varchar(255)
    type varchar(255)
    attributes json null
    created
    modified
    pk id

_sogo_static_view
    c_uid varchar(255)
    domain varchar(255)
    c_name varchar(255)
    c_password varchar(255) = ''
    c_cn varchar(255) null
    c_l varchar(255) null
    c_o varchar(255) null
    c_ou varchar(255) null
    c_telephonenumber varchar(255) null
    mail varchar(255)
    aliases text
    ad_aliases varchar(6144) = ''
    ext_acl varchar(6144) = ''
    kind varchar(100) = ''
    multiple_bookings int(11) = -1
    pk c_uid
    key domain domain

admin
    username varchar(255)
    password varchar(255)
    superadmin tinyint(1) = 0
    created
    modified
    active tinyint(1) = 1
    attributes json null
    pk username

domain_admins
    id int(11) auto
    username varchar(255)
    domain varchar(255)
    created
    active tinyint(1) = 1
    pk id
    key username username

da_acl
    username varchar(255)
    syncjobs tinyint(1) = 1
    quarantine tinyint(1) = 1
    login_as tinyint(1) = 1
    sogo_access tinyint(1) = 1
    app_passwds tinyint(1) = 1
    bcc_maps tinyint(1) = 1
    pushover tinyint(1) = 0
    filters tinyint(1) = 1
    ratelimit tinyint(1) = 1
    spam_policy tinyint(1) = 1
    extend_sender_acl tinyint(1) = 0
    unlimited_quota tinyint(1) = 0
    protocol_access tinyint(1) = 1
    smtp_ip_access tinyint(1) = 1
    alias_domains tinyint(1) = 0
    mailbox_relayhost tinyint(1) = 1
    domain_relayhost tinyint(1) = 1
    domain_desc tinyint(1) = 0
    pk username

da_sso
    username varchar(255)
    token varchar(255)
    created
    pk token created

reset_password
    username varchar(255)
    token varchar(255)
    created
    pk token created

tfa
    id int(11) auto
    key_id varchar(255)
    username varchar(255)
    authmech enum('yubi_otp','u2f','hotp','totp','webauthn') null
    secret varchar(255) null
    keyHandle varchar(1023) null
    publicKey varchar(4096) null
    counter int(11) = 0
    certificate text null
    active tinyint(1) = 0
    pk id

fido2
    username varchar(255)
    friendlyName varchar(255) null
    rpId varchar(255)
    credentialPublicKey text
    certificateChain text null
    certificate text null
    certificateIssuer varchar(255) null
    certificateSubject varchar(255) null
    signatureCounter int(11) null
    AAGUID blob null
    credentialId blob
    created
    modified
    active tinyint(1) = 1

api
    api_key varchar(255)
    allow_from varchar(512)
    skip_ip_check tinyint(1) = 0
    created
    modified
    access enum('ro','rw') = 'rw'
    active tinyint(1) = 1
    pk api_key

identity_provider
    key varchar(255)
    value text
    created
    modified
    pk key

oauth_clients
    id int(11) auto
    client_id varchar(80)
    client_secret varchar(80) null
    redirect_uri varchar(2000) null
    grant_types varchar(80) null
    scope varchar(4000) null
    user_id varchar(80) null
    pk client_id
    unique id id

oauth_access_tokens
    access_token varchar(40)
    client_id varchar(80)
    user_id varchar(80) null
    expires timestamp
    scope varchar(4000) null
    pk access_token

oauth_refresh_tokens
    refresh_token varchar(40)
    client_id varchar(80)
    user_id varchar(80) null
    expires timestamp
    scope varchar(4000) null
    pk refresh_token

oauth_authorization_codes
    authorization_code varchar(40)
    client_id varchar(80)
    user_id varchar(80) null
    redirect_uri varchar(2000) null
    expires timestamp
    scope varchar(4000) null
    id_token varchar(1000) null
    pk authorization_code

imapsync
    id int(11) auto
    user2 varchar(255)
    host1 varchar(255)
    authmech1 enum('PLAIN','LOGIN','CRAM-MD5') null = 'PLAIN'
    regextrans2 varchar(255) null = ''
    authmd51 tinyint(1) = 0
    domain2 varchar(255) = ''
    subfolder2 varchar(255) = ''
    user1 varchar(255)
    password1 varchar(255)
    exclude varchar(500) = ''
    maxage smallint(6) = 0
    mins_interval smallint(5) unsigned = 0
    maxbytespersecond varchar(50) = '0'
    port1 smallint(5) unsigned
    enc1 enum('TLS','SSL','PLAIN') null = 'TLS'
    delete2duplicates tinyint(1) = 1
    delete1 tinyint(1) = 0
    delete2 tinyint(1) = 0
    automap tinyint(1) = 0
    skipcrossduplicates tinyint(1) = 0
    custom_params varchar(512) = ''
    timeout1 smallint(6) = 600
    timeout2 smallint(6) = 600
    subscribeall tinyint(1) = 1
    dry tinyint(1) = 0
    is_running tinyint(1) = 0
    returned_text longtext null
    last_run timestamp null
    success tinyint(1) unsigned null
    exit_status varchar(50) null
    created
    modified
    active tinyint(1) = 0
    pk id

sieve_filters
    id int(11) auto
    username varchar(255)
    script_desc varchar(255)
    script_name enum('active','inactive') null
    script_data text
    filter_type enum('postfilter','prefilter') null
    created
    modified
    pk id
    key username username
    key script_desc script_desc
    fk fk_username_sieve_filters username -> mailbox.username

bcc_maps
    id int(11) auto
    local_dest varchar(255)
    bcc_dest varchar(255)
    domain varchar(255)
    type enum('sender','rcpt') null
    created
    modified
    active tinyint(1) = 0
    pk id
    key local_dest local_dest

recipient_maps
    id int(11) auto
    old_dest varchar(255)
    new_dest varchar(255)
    created
    modified
    active tinyint(1) = 0
    pk id
    key local_dest old_dest

tls_policy_override
    id int(11) auto
    dest varchar(255)
    policy enum('none','may','encrypt','dane','dane-only','fingerprint','verify','secure')
    parameters varchar(255) null = ''
    created
    modified
    active tinyint(1) = 1
    pk id
    unique dest dest

relayhosts
    id int(11) auto
    hostname varchar(255)
    username varchar(255)
    password varchar(255)
    active tinyint(1) = 1
    pk id
    key hostname hostname

transports
    id int(11) auto
    destination varchar(255)
    nexthop varchar(255)
    username varchar(255) = ''
    password varchar(255) = ''
    is_mx_based tinyint(1) = 0
    active tinyint(1) = 1
    pk id
    key destination destination
    key nexthop nexthop

settingsmap
    id int(11) auto
    desc varchar(255)
    content longtext
    created
    modified
    active tinyint(1) = 0
    pk id

quarantine
    id int(11) auto
    qid varchar(30)
    subject varchar(500) null
    score float(8,2) null
    ip varchar(50) null
    action char(20) = 'unknown'
    symbols json null
    fuzzy_hashes json null
    sender varchar(255) = 'unknown'
    rcpt varchar(255) null
    msg longtext null
    domain varchar(255) null
    notified tinyint(1) = 0
    created
    user varchar(255) = 'unknown'
    qhash varchar(64) null
    pk id
    key qhash qhash

logs
    id int(11) auto
    task char(32) = '000000'
    type varchar(32) null = ''
    msg text null
    call text null
    user varchar(64)
    role varchar(32)
    remote varchar(39)
    time int(11)
    pk id

sasl_log
    service varchar(32) = ''
    app_password int(11) null
    username varchar(255)
    real_rip varchar(64)
    datetime datetime = current_timestamp()
    pk service real_rip username
    key username username
    key service service
    key datetime datetime
    key real_rip real_rip
"""

UNTOLD = """
forwarding_hosts
    host varchar(255)
    source varchar(255)
    filter_spam tinyint(1) = 0
    pk host

versions
    application varchar(255)
    version varchar(100)
    created
    pk application
"""

SOGO = """
sogo_user_profile
    c_uid varchar(255)
    c_defaults longtext null
    c_settings longtext null
    pk c_uid

sogo_cache_folder
    c_uid varchar(255)
    c_path varchar(255)
    c_parent_path varchar(255) null
    c_type tinyint(3) unsigned
    c_creationdate int(11)
    c_lastmodified int(11)
    c_version int(11) = 0
    c_deleted tinyint(4) = 0
    c_content longtext null
    pk c_uid c_path

sogo_acl
    id int(11) auto
    c_folder_id int(11)
    c_object varchar(255)
    c_uid varchar(255)
    c_role varchar(80)
    pk id
    key sogo_acl_c_folder_id_idx c_folder_id
    key sogo_acl_c_uid_idx c_uid

sogo_folder_info
    c_folder_id bigint(20) unsigned auto
    c_path varchar(255)
    c_path1 varchar(255)
    c_path2 varchar(255) null
    c_path3 varchar(255) null
    c_path4 varchar(255) null
    c_foldername varchar(255)
    c_location varchar(2048) null
    c_quick_location varchar(2048) null
    c_acl_location varchar(2048) null
    c_folder_type varchar(255)
    pk c_path
    unique c_folder_id c_folder_id

sogo_sessions_folder
    c_id varchar(255)
    c_value varchar(4096)
    c_creationdate int(11)
    c_lastseen int(11)
    pk c_id

sogo_alarms_folder
    id int(11) auto
    c_path varchar(255)
    c_name varchar(255)
    c_uid varchar(255)
    c_recurrence_id int(11) null
    c_alarm_number int(11)
    c_alarm_date int(11)
    pk id

sogo_admin
    c_key varchar(255) = ''
    c_content mediumtext
    pk c_key

sogo_store
    c_folder_id int(11)
    c_name varchar(255)
    c_content mediumtext
    c_creationdate int(11)
    c_lastmodified int(11)
    c_version int(11)
    c_deleted int(11) null
    pk c_folder_id c_name

sogo_quick_appointment
    c_folder_id int(11)
    c_name varchar(255)
    c_uid varchar(1000)
    c_startdate int(11) null
    c_enddate int(11) null
    c_cycleenddate int(11) null
    c_title varchar(1000)
    c_participants text null
    c_isallday int(11) null
    c_iscycle int(11) null
    c_cycleinfo text null
    c_classification int(11)
    c_isopaque int(11)
    c_status int(11)
    c_priority int(11) null
    c_location varchar(255) null
    c_orgmail varchar(255) null
    c_partmails text null
    c_partstates text null
    c_category varchar(255) null
    c_sequence int(11) null
    c_component varchar(10)
    c_nextalarm int(11) null
    c_description text null
    pk c_folder_id c_name

sogo_quick_contact
    c_folder_id int(11)
    c_name varchar(255)
    c_givenname varchar(255) null
    c_cn varchar(255) null
    c_sn varchar(255) null
    c_screenname varchar(255) null
    c_l varchar(255) null
    c_mail text null
    c_o varchar(500) null
    c_ou varchar(255) null
    c_telephonenumber varchar(255) null
    c_categories varchar(255) null
    c_component varchar(10)
    c_hascertificate int(11) null = 0
    pk c_folder_id c_name
"""
