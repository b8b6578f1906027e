// One reader for each signal: a decoded request to drafts. Used by otlp::parse() only.
#pragma once

#include "http/ingest/event_draft.hpp"
#include "http/ingest/otlp/otlp.hpp"
#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "protocol/uuid.hpp"

namespace troupe::ingest::otlp {

namespace trace_messages = opentelemetry::proto::trace::v1;
namespace log_messages = opentelemetry::proto::logs::v1;
namespace metric_messages = opentelemetry::proto::metrics::v1;

using trace_request = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using log_request = opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest;
using metric_request = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;

void read_traces(const trace_request& request, wire form, const context& ctx, parsed_batch& out);
// 'seed' is drawn from the bytes of the request: ids are made of it and a record's place.
void read_logs(const log_request& request, wire form, const uuid& seed, const context& ctx,
               parsed_batch& out);
void read_metrics(const metric_request& request, const uuid& seed, const context& ctx, parsed_batch& out);

// The id of record 'index' of the request that 'seed' stands for.
uuid id_of_record(const uuid& seed, std::int64_t time_us, std::uint32_t index);

}  // namespace troupe::ingest::otlp
