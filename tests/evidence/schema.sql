-- The tables that the collector's ClickHouse exporter fills, as a server of Debian can hold them: its
-- `Map` is an array of pairs, which are the same bytes, in a tuple, as a bare array of pairs would
-- become two columns. Times are nanoseconds.

CREATE DATABASE otel;

CREATE TABLE otel.otel_traces (
    Timestamp Int64, TraceId String, SpanId String, ParentSpanId String, TraceState String,
    SpanName String, SpanKind String, ServiceName String,
    ResourceAttributes Tuple(Array(Tuple(String, String))), ScopeName String, ScopeVersion String,
    SpanAttributes Tuple(Array(Tuple(String, String))), Duration Int64, StatusCode String,
    StatusMessage String, `Events.Timestamp` Array(Int64), `Events.Name` Array(String),
    `Events.Attributes` Array(Array(Tuple(String, String))), `Links.TraceId` Array(String),
    `Links.SpanId` Array(String), `Links.TraceState` Array(String),
    `Links.Attributes` Array(Array(Tuple(String, String)))
) ENGINE = MergeTree ORDER BY (TraceId, Timestamp);

CREATE TABLE otel.otel_logs (
    Timestamp Int64, TraceId String, SpanId String, TraceFlags UInt8, SeverityText String,
    SeverityNumber UInt8, ServiceName String, Body String, ResourceSchemaUrl String,
    ResourceAttributes Tuple(Array(Tuple(String, String))), ScopeSchemaUrl String, ScopeName String,
    ScopeVersion String, ScopeAttributes Tuple(Array(Tuple(String, String))),
    LogAttributes Tuple(Array(Tuple(String, String)))
) ENGINE = MergeTree ORDER BY (TraceId, Timestamp);

CREATE TABLE otel.otel_metrics_gauge (
    ResourceAttributes Tuple(Array(Tuple(String, String))), ResourceSchemaUrl String,
    ScopeName String, ScopeVersion String, ScopeAttributes Tuple(Array(Tuple(String, String))),
    ScopeDroppedAttrCount UInt32, ScopeSchemaUrl String, ServiceName String, MetricName String,
    MetricDescription String, MetricUnit String, Attributes Tuple(Array(Tuple(String, String))),
    StartTimeUnix Int64, TimeUnix Int64, Value Float64, Flags UInt32,
    `Exemplars.FilteredAttributes` Array(Array(Tuple(String, String))),
    `Exemplars.TimeUnix` Array(Int64), `Exemplars.Value` Array(Float64),
    `Exemplars.SpanId` Array(String), `Exemplars.TraceId` Array(String)
) ENGINE = MergeTree ORDER BY (MetricName, TimeUnix);

CREATE TABLE otel.otel_metrics_sum (
    ResourceAttributes Tuple(Array(Tuple(String, String))), ResourceSchemaUrl String,
    ScopeName String, ScopeVersion String, ScopeAttributes Tuple(Array(Tuple(String, String))),
    ScopeDroppedAttrCount UInt32, ScopeSchemaUrl String, ServiceName String, MetricName String,
    MetricDescription String, MetricUnit String, Attributes Tuple(Array(Tuple(String, String))),
    StartTimeUnix Int64, TimeUnix Int64, Value Float64, Flags UInt32,
    AggregationTemporality Int32, IsMonotonic UInt8,
    `Exemplars.FilteredAttributes` Array(Array(Tuple(String, String))),
    `Exemplars.TimeUnix` Array(Int64), `Exemplars.Value` Array(Float64),
    `Exemplars.SpanId` Array(String), `Exemplars.TraceId` Array(String)
) ENGINE = MergeTree ORDER BY (MetricName, TimeUnix);

CREATE TABLE otel.otel_metrics_histogram (
    ResourceAttributes Tuple(Array(Tuple(String, String))), ResourceSchemaUrl String,
    ScopeName String, ScopeVersion String, ScopeAttributes Tuple(Array(Tuple(String, String))),
    ScopeDroppedAttrCount UInt32, ScopeSchemaUrl String, ServiceName String, MetricName String,
    MetricDescription String, MetricUnit String, Attributes Tuple(Array(Tuple(String, String))),
    StartTimeUnix Int64, TimeUnix Int64, Count UInt64, Sum Float64, BucketCounts Array(UInt64),
    ExplicitBounds Array(Float64), Flags UInt32, Min Float64, Max Float64,
    AggregationTemporality Int32,
    `Exemplars.FilteredAttributes` Array(Array(Tuple(String, String))),
    `Exemplars.TimeUnix` Array(Int64), `Exemplars.Value` Array(Float64),
    `Exemplars.SpanId` Array(String), `Exemplars.TraceId` Array(String)
) ENGINE = MergeTree ORDER BY (MetricName, TimeUnix);
