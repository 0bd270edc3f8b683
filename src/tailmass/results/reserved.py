"""Names that documents of results have, and that therefore no field of a row can have beside them."""

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
    }
)
"""Of the documents of the Engine API; `description`, `status` and `username` were never reserved."""
