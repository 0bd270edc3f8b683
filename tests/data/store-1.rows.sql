INSERT INTO tailmass_schema (version) VALUES (1);
INSERT INTO tailmass_jobs VALUES (1, 'job', '{"id": "job", "analysisConfig": {"bucketSpan": 300, "latency": 0, "detectors": [{"function": "mean", "fieldName": "bytes", "byFieldName": "host"}], "influencers": []}, "dataDescription": {"format": "DELIMITED", "timeField": "time", "timeFormat": "epoch"}, "timeout": 600}', 'CLOSED', 1400000000000, 1400000900000, 1400000800000, 2, 18, 36, 500, 54, 0, 0, 0, 0, 0, 1400000700000);
INSERT INTO tailmass_buckets VALUES (1, 300, 300, 0.0, 0.0, 0, 9, 1.0, FALSE, 0);
INSERT INTO tailmass_buckets VALUES (1, 600, 300, 40.0, 50.0, 2, 9, 0.02, FALSE, 2);
INSERT INTO tailmass_records VALUES (1, 600, 0, 17, 300, 'mean', 'mean', 'bytes', 'host', 'web-1', NULL, NULL, NULL, NULL, 0.01, 40.0, 50.0, 9.5, 1.5, FALSE);
INSERT INTO tailmass_records VALUES (1, 600, 0, 18, 300, 'mean', 'mean', 'bytes', 'host', 'web-2', NULL, NULL, NULL, NULL, 0.02, 40.0, 45.5, 0.5, 1.25, FALSE);
