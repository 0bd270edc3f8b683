"""Names that documents of results and of jobs have, and that no field of a row is kept under beside them."""

RESERVED = frozenset(
    {
        *("jobId", "@timestamp", "timestamp", "bucketSpan", "probability", "isInterim", "influencers"),
        *("anomalyScore", "initialAnomalyScore", "rawAnomalyScore", "normalizedProbability"),
        *("initialNormalizedProbability", "maxNormalizedProbability", "recordCount", "eventCount"),
        *("bucketInfluencers", "records", "detectorIndex", "function", "functionDescription", "fieldName"),
        *("byFieldName", "byFieldValue", "correlatedByFieldValue", "overFieldName", "overFieldValue"),
        *("partitionFieldName", "partitionFieldValue", "actual", "typical", "causes"),
        *("influencerFieldName", "influencerFieldValue", "influencerFieldValues", "bucketTime"),
        *("modelBytes", "totalByFieldCount", "totalOverFieldCount", "totalPartitionFieldCount"),
        *("bucketAllocationFailuresCount", "memoryStatus", "logTime", "snapshotId", "snapshotDocCount"),
        *("restorePriority", "modelSizeStats", "latestRecordTimeStamp", "latestResultTimeStamp", "quantiles"),
        *("quantileState", "bucketCount", "processedRecordCount", "processedFieldCount", "inputBytes"),
        *("inputFieldCount", "inputRecordCount", "invalidDateCount", "missingFieldCount"),
        *("outOfOrderTimeStampCount", "failedTransformCount", "excludedRecordCount"),
        *("debugFeature", "debugLower", "debugUpper", "debugMean"),
        *("categoryId", "terms", "regex", "examples", "maxMatchingLength"),
        *("id", "schedulerStatus", "createTime", "finishedTime", "lastDataTime", "timeout", "counts", "location"),
        *("endpoints", "analysisConfig", "dataDescription", "analysisLimits", "schedulerConfig", "transforms"),
        *("modelDebugConfig", "ignoreDowntime", "renormalizationWindowDays", "backgroundPersistInterval"),
        *("modelSnapshotRetentionDays", "resultsRetentionDays", "customSettings"),
        *("uri", "alertType", "bucket", "message", "level"),
        *("totalJobs", "totalDetectors", "runningJobs", "runningDetectors", "startTimeMillis", "endTimeMillis"),
    }
)
"""Of all results and states of the Engine API, down to its audit; not of configurations, as there are words among those
that data cannot do without, such as `value`. `description`, `status` and `username` were never reserved."""
