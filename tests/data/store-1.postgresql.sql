CREATE TABLE tailmass_jobs (
    number BIGSERIAL NOT NULL PRIMARY KEY,
    id TEXT COLLATE "C",
    config TEXT NOT NULL,
    status TEXT NOT NULL,
    create_time_ms BIGINT NOT NULL,
    finished_time_ms BIGINT,
    last_data_time_ms BIGINT,
    bucket_count BIGINT NOT NULL,
    processed_record_count BIGINT NOT NULL,
    processed_field_count BIGINT NOT NULL,
    input_bytes BIGINT NOT NULL,
    input_field_count BIGINT NOT NULL,
    invalid_date_count BIGINT NOT NULL,
    missing_field_count BIGINT NOT NULL,
    out_of_order_time_stamp_count BIGINT NOT NULL,
    failed_transform_count BIGINT NOT NULL,
    excluded_record_count BIGINT NOT NULL,
    latest_record_time_ms BIGINT,
    UNIQUE (id)
);
CREATE TABLE tailmass_schema (
    version SERIAL NOT NULL,
    PRIMARY KEY (version)
);
CREATE TABLE tailmass_buckets (
    job BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    bucket_span BIGINT NOT NULL,
    anomaly_score DOUBLE PRECISION NOT NULL,
    max_normalized_probability DOUBLE PRECISION NOT NULL,
    record_count BIGINT NOT NULL,
    event_count BIGINT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    is_interim BOOLEAN NOT NULL,
    records_kept BIGINT NOT NULL,
    PRIMARY KEY (job, timestamp),
    FOREIGN KEY(job) REFERENCES tailmass_jobs (number) ON DELETE CASCADE
);
CREATE TABLE tailmass_records (
    job BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    detector_index BIGINT NOT NULL,
    entity BIGINT NOT NULL,
    bucket_span BIGINT NOT NULL,
    function TEXT COLLATE "C" NOT NULL,
    function_description TEXT COLLATE "C" NOT NULL,
    field_name TEXT COLLATE "C",
    by_field_name TEXT COLLATE "C",
    by_field_value TEXT COLLATE "C",
    over_field_name TEXT COLLATE "C",
    over_field_value TEXT COLLATE "C",
    partition_field_name TEXT COLLATE "C",
    partition_field_value TEXT COLLATE "C",
    probability DOUBLE PRECISION NOT NULL,
    anomaly_score DOUBLE PRECISION NOT NULL,
    normalized_probability DOUBLE PRECISION NOT NULL,
    actual DOUBLE PRECISION,
    typical DOUBLE PRECISION,
    is_interim BOOLEAN NOT NULL,
    PRIMARY KEY (job, timestamp, detector_index, entity),
    FOREIGN KEY(job) REFERENCES tailmass_jobs (number) ON DELETE CASCADE
);
CREATE INDEX tailmass_records_score ON tailmass_records (job, normalized_probability DESC, anomaly_score DESC, probability, timestamp, detector_index, entity, is_interim);
CREATE TABLE tailmass_snapshots (
    number BIGSERIAL NOT NULL PRIMARY KEY,
    job BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    file TEXT NOT NULL,
    FOREIGN KEY(job) REFERENCES tailmass_jobs (number) ON DELETE CASCADE
);
CREATE INDEX ix_tailmass_snapshots_job ON tailmass_snapshots (job);
