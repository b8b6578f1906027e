// The public face of OTLP: decode, count, hand to the signal's reader; and the answers.
#include "http/ingest/otlp/otlp.hpp"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>

#include "http/ingest/json_text.hpp"
#include "http/ingest/otlp/messages.hpp"
#include "http/ingest/otlp/signals.hpp"
#include "protocol/limits.hpp"

namespace troupe::ingest::otlp {

namespace {

constexpr std::uint64_t payload_seed = 0x7061796c;  // "payl"
constexpr std::uint64_t record_seed = 0x7265636f;   // "reco"
constexpr std::size_t reasons_max = 3;
constexpr std::size_t message_bytes_max = 1024;

std::size_t records_in(const trace_request& request) {
  std::size_t n = 0;
  for (auto& group : request.resource_spans())
    for (auto& scope : group.scope_spans()) n += static_cast<std::size_t>(scope.spans_size());
  return n;
}

std::size_t records_in(const log_request& request) {
  std::size_t n = 0;
  for (auto& group : request.resource_logs())
    for (auto& scope : group.scope_logs()) n += static_cast<std::size_t>(scope.log_records_size());
  return n;
}

std::size_t records_in(const metric_request& request) {
  std::size_t n = 0;
  for (auto& group : request.resource_metrics())
    for (auto& scope : group.scope_metrics())
      for (auto& m : scope.metrics())
        n += static_cast<std::size_t>(m.gauge().data_points_size() + m.sum().data_points_size() +
                                      m.histogram().data_points_size() + m.summary().data_points_size() +
                                      m.exponential_histogram().data_points_size());
  return n;
}

template <class Request, class Read>
result<parsed_batch> decode_and_read(std::string_view body, wire form, Read&& read) {
  google::protobuf::Arena arena;
  auto* request = google::protobuf::Arena::CreateMessage<Request>(&arena);
  if (auto error = decode(body, form, *request)) return *error;
  if (records_in(*request) > limits::events_per_request_max)
    return failure{errc::too_large, "more than " + std::to_string(limits::events_per_request_max) +
                                        " records in one request: make the exporter's batches smaller"};
  parsed_batch batch;
  read(*request, batch);
  return batch;
}

// protobuf: field 1 int64 rejected, field 2 string message.
void put_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_text(int field, std::string_view text, std::string& out) {
  put_varint(static_cast<std::uint64_t>(field) << 3 | 2, out);
  put_varint(text.size(), out);
  out.append(text);
}

void put_number(int field, std::uint64_t value, std::string& out) {
  put_varint(static_cast<std::uint64_t>(field) << 3, out);
  put_varint(value, out);
}

constexpr std::string_view rejected_name(signal what) {
  switch (what) {
    case signal::traces: return "rejectedSpans";
    case signal::metrics: return "rejectedDataPoints";
    default: return "rejectedLogRecords";
  }
}

int grpc_code(errc code) {
  switch (code) {
    case errc::none: return 0;
    case errc::timed_out: return 4;
    case errc::not_found: return 5;
    case errc::forbidden: return 7;
    case errc::too_large:
    case errc::overloaded:
    case errc::no_space: return 8;
    case errc::internal: return 13;
    case errc::unavailable:
    case errc::not_leader: return 14;
    case errc::corrupt: return 15;
    case errc::unauthenticated: return 16;
    default: return 3;
  }
}

}  // namespace

uuid id_of_record(const uuid& seed, std::int64_t time_us, std::uint32_t index) {
  std::array<char, 16> bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(seed.high >> (8 * i));
    bytes[i + 8] = static_cast<char>(seed.low >> (8 * i));
  }
  auto from = make_uuid_of({bytes.data(), bytes.size()}, record_seed + index);
  return make_uuid_v7(time_us, from.high, from.low);
}

result<parsed_batch> parse(signal what, std::string_view body, wire form, const context& ctx) {
  auto seed = make_uuid_of(body, payload_seed + static_cast<std::uint64_t>(what));
  switch (what) {
    case signal::traces:
      return decode_and_read<trace_request>(body, form,
                                            [&](auto& r, auto& out) { read_traces(r, form, ctx, out); });
    case signal::metrics:
      return decode_and_read<metric_request>(body, form,
                                             [&](auto& r, auto& out) { read_metrics(r, seed, ctx, out); });
    default:
      return decode_and_read<log_request>(body, form,
                                          [&](auto& r, auto& out) { read_logs(r, form, seed, ctx, out); });
  }
}

std::string encode_response(signal what, std::int64_t rejected, std::string_view message, wire form) {
  bool partial = rejected > 0 || !message.empty();
  if (form == wire::json) {
    if (!partial) return "{}";
    std::string out = "{\"partialSuccess\":{\"" + std::string(rejected_name(what)) + "\":\"" +
                      std::to_string(rejected) + "\",\"errorMessage\":";
    json::write_string(message, out);
    return out + "}}";
  }
  if (!partial) return {};
  std::string inner, out;
  if (rejected > 0) put_number(1, static_cast<std::uint64_t>(rejected), inner);
  if (!message.empty()) put_text(2, message, inner);
  put_text(1, inner, out);
  return out;
}

std::string encode_error(errc code, std::string_view message, wire form) {
  std::string out;
  if (form == wire::json) {
    out = "{\"code\":" + std::to_string(grpc_code(code)) + ",\"message\":";
    json::write_string(message, out);
    return out + "}";
  }
  if (auto number = grpc_code(code)) put_number(1, static_cast<std::uint64_t>(number), out);
  if (!message.empty()) put_text(2, message, out);
  return out;
}

std::string summary_of(const std::vector<rejected_item>& rejected) {
  std::vector<std::string_view> reasons;
  std::string out;
  for (auto& item : rejected) {
    if (std::ranges::find(reasons, item.error) != reasons.end()) continue;
    if (reasons.size() == reasons_max) {
      out += "; and others";
      break;
    }
    reasons.push_back(item.error);
    if (!out.empty()) out += "; ";
    if (!item.field.empty()) out += item.field + ": ";
    out += item.error;
  }
  return std::string(json::cut_utf8(out, message_bytes_max));
}

}  // namespace troupe::ingest::otlp
