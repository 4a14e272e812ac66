CREATE TABLE cancellations_cancellation (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    appointment_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    generation BIGINT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    local_day DATE NOT NULL,
    local_minute INTEGER NOT NULL,
    lead_minutes INTEGER,
    client_key VARCHAR(190) COLLATE utf8mb4_bin,
    client_name VARCHAR(200) NOT NULL,
    staff_key VARCHAR(190) COLLATE utf8mb4_bin,
    staff_name VARCHAR(200) NOT NULL,
    service_key VARCHAR(190) COLLATE utf8mb4_bin,
    service_name VARCHAR(200) NOT NULL,
    location_key VARCHAR(190) COLLATE utf8mb4_bin,
    location_name VARCHAR(200) NOT NULL,
    booked_us BIGINT,
    status_before VARCHAR(100) NOT NULL,
    side VARCHAR(8) NOT NULL,
    reason_code VARCHAR(40) NOT NULL,
    note TEXT NOT NULL,
    told_us BIGINT NOT NULL,
    told_channel VARCHAR(16) NOT NULL,
    notice_minutes INTEGER NOT NULL,
    late BOOL NOT NULL,
    cancelled_us BIGINT NOT NULL,
    actor_kind VARCHAR(8) NOT NULL,
    actor_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    actor_name VARCHAR(200) NOT NULL,
    source VARCHAR(8) NOT NULL,
    tell BOOL NOT NULL,
    silent_reason TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_cancellations_cancellation_actor ON cancellations_cancellation (scope, actor_kind, actor_key, id);
CREATE INDEX ix_cancellations_cancellation_appointment ON cancellations_cancellation (scope, appointment_key);
CREATE INDEX ix_cancellations_cancellation_day ON cancellations_cancellation (scope, local_day);
CREATE TABLE cancellations_claim (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    appointment_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    state VARCHAR(16) NOT NULL,
    generation BIGINT NOT NULL,
    start_us BIGINT,
    client_key VARCHAR(190) COLLATE utf8mb4_bin,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_claim_appointment UNIQUE (scope, appointment_key)
);
CREATE TABLE cancellations_diary (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    staff_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    day DATE NOT NULL,
    bookings BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_diary_day UNIQUE (scope, staff_key, day)
);
CREATE TABLE cancellations_event (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    at_us BIGINT NOT NULL,
    action VARCHAR(40) NOT NULL,
    appointment_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    actor_kind VARCHAR(8) NOT NULL,
    actor_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    source VARCHAR(8) NOT NULL,
    request_id VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_cancellations_event_appointment ON cancellations_event (scope, appointment_key, id);
CREATE INDEX ix_cancellations_event_at ON cancellations_event (scope, at_us);
CREATE TABLE cancellations_link (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    token_hash VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    purpose VARCHAR(16) NOT NULL,
    appointment_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    client_key VARCHAR(190) COLLATE utf8mb4_bin,
    start_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    used_us BIGINT,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_link_token UNIQUE (token_hash)
);
CREATE INDEX ix_cancellations_link_appointment ON cancellations_link (scope, appointment_key);
CREATE TABLE cancellations_policy_version (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    name VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
    valid_from DATE NOT NULL,
    body TEXT NOT NULL,
    withdrawn_us BIGINT,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_policy_version_from UNIQUE (scope, name, valid_from)
);
CREATE TABLE cancellations_private_value (
    commitment VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    client_key VARCHAR(190) COLLATE utf8mb4_bin,
    salt VARCHAR(32) COLLATE utf8mb4_bin NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (commitment)
);
CREATE INDEX ix_cancellations_private_value_client ON cancellations_private_value (scope, client_key);
CREATE TABLE cancellations_reason (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    code VARCHAR(40) NOT NULL,
    side VARCHAR(8) NOT NULL,
    title VARCHAR(200) NOT NULL,
    labels TEXT NOT NULL,
    position INTEGER NOT NULL,
    staff BOOL NOT NULL,
    client BOOL NOT NULL,
    note BOOL NOT NULL,
    fee BOOL NOT NULL,
    tell BOOL NOT NULL,
    frees BOOL NOT NULL,
    counts BOOL NOT NULL,
    fhir VARCHAR(40) NOT NULL,
    ihe VARCHAR(40) NOT NULL,
    archived BOOL NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_reason_code UNIQUE (scope, code)
);
CREATE TABLE cancellations_request (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    actor VARCHAR(200) COLLATE utf8mb4_bin NOT NULL,
    idempotency_key VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    request_hash VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    answer TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_request_key UNIQUE (scope, actor, idempotency_key)
);
CREATE INDEX ix_cancellations_request_created ON cancellations_request (created_us);
CREATE TABLE cancellations_series (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    document VARCHAR(16) NOT NULL,
    last_number BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_series_document UNIQUE (scope, document)
);
CREATE TABLE cancellations_acceptance (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    appointment_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    start_us BIGINT NOT NULL,
    client_key VARCHAR(190) COLLATE utf8mb4_bin,
    policy_version_id BIGINT,
    accepted_us BIGINT NOT NULL,
    channel VARCHAR(16) NOT NULL,
    ip VARCHAR(45) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fk_cancellations_acceptance_policy FOREIGN KEY(policy_version_id) REFERENCES cancellations_policy_version (id)
);
CREATE INDEX ix_cancellations_acceptance_appointment ON cancellations_acceptance (scope, appointment_key);
CREATE TABLE cancellations_message (
    id BIGINT NOT NULL AUTO_INCREMENT,
    uid VARCHAR(36) COLLATE utf8mb4_bin NOT NULL,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    cancellation_id BIGINT NOT NULL,
    client_key VARCHAR(190) COLLATE utf8mb4_bin,
    channel VARCHAR(8) NOT NULL,
    address VARCHAR(320) NOT NULL,
    locale VARCHAR(20) NOT NULL,
    template VARCHAR(40) NOT NULL,
    parameters TEXT NOT NULL,
    state VARCHAR(16) NOT NULL,
    created_us BIGINT NOT NULL,
    not_before_us BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_token VARCHAR(32) COLLATE utf8mb4_bin,
    lease_until_us BIGINT,
    sent_us BIGINT,
    sent_text TEXT,
    error TEXT,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_message_uid UNIQUE (uid),
    CONSTRAINT fk_cancellations_message_cancellation FOREIGN KEY(cancellation_id) REFERENCES cancellations_cancellation (id)
);
CREATE INDEX ix_cancellations_message_cancellation ON cancellations_message (cancellation_id);
CREATE INDEX ix_cancellations_message_due ON cancellations_message (state, not_before_us);
CREATE INDEX ix_cancellations_message_lease ON cancellations_message (lease_token);
CREATE TABLE cancellations_movement (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    cancellation_id BIGINT NOT NULL,
    kind VARCHAR(8) NOT NULL,
    state VARCHAR(16) NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    client_key VARCHAR(190) COLLATE utf8mb4_bin,
    number BIGINT,
    not_before_us BIGINT NOT NULL,
    done_us BIGINT,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_movement_number UNIQUE (scope, number),
    CONSTRAINT fk_cancellations_movement_cancellation FOREIGN KEY(cancellation_id) REFERENCES cancellations_cancellation (id)
);
CREATE INDEX ix_cancellations_movement_due ON cancellations_movement (state, not_before_us);
CREATE TABLE cancellations_settlement (
    id BIGINT NOT NULL AUTO_INCREMENT,
    cancellation_id BIGINT NOT NULL,
    policy_version_id BIGINT,
    band_less_than_us BIGINT,
    why VARCHAR(100) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    price BIGINT,
    otherwise BIGINT NOT NULL,
    deposit BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    forfeited BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    credited BIGINT NOT NULL,
    held BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    given_back BIGINT NOT NULL,
    due BIGINT NOT NULL,
    waived BIGINT NOT NULL,
    dropped BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_cancellations_settlement_cancellation UNIQUE (cancellation_id),
    CONSTRAINT fk_cancellations_settlement_cancellation FOREIGN KEY(cancellation_id) REFERENCES cancellations_cancellation (id),
    CONSTRAINT fk_cancellations_settlement_policy FOREIGN KEY(policy_version_id) REFERENCES cancellations_policy_version (id)
);
CREATE TABLE cancellations_slot (
    id BIGINT NOT NULL AUTO_INCREMENT,
    scope VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    cancellation_id BIGINT NOT NULL,
    staff_key VARCHAR(190) COLLATE utf8mb4_bin,
    service_key VARCHAR(190) COLLATE utf8mb4_bin,
    location_key VARCHAR(190) COLLATE utf8mb4_bin,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    state VARCHAR(8) NOT NULL,
    held_until_us BIGINT,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fk_cancellations_slot_cancellation FOREIGN KEY(cancellation_id) REFERENCES cancellations_cancellation (id)
);
CREATE INDEX ix_cancellations_slot_cancellation ON cancellations_slot (cancellation_id);
CREATE INDEX ix_cancellations_slot_staff ON cancellations_slot (scope, staff_key, start_us);
CREATE INDEX ix_cancellations_slot_start ON cancellations_slot (scope, start_us);
CREATE TABLE cancellations_waiver (
    id BIGINT NOT NULL AUTO_INCREMENT,
    cancellation_id BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason TEXT NOT NULL,
    keep_reason TEXT NOT NULL,
    actor_kind VARCHAR(8) NOT NULL,
    actor_key VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
    waived_us BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fk_cancellations_waiver_cancellation FOREIGN KEY(cancellation_id) REFERENCES cancellations_cancellation (id)
);
CREATE INDEX ix_cancellations_waiver_cancellation ON cancellations_waiver (cancellation_id);
