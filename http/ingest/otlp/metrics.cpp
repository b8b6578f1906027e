// Metric points to custom.metric events, one each. They never carry tokens: what GenAI metrics count
// (gen_ai.client.token.usage and the like) is counted by the spans already.
#include <algorithm>

#include "http/ingest/json_text.hpp"
#include "http/ingest/otlp/record.hpp"
#include "http/ingest/otlp/signals.hpp"

namespace troupe::ingest::otlp {

namespace {

constexpr int buckets_max = 256;

std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (auto text : texts)
    if (!text.empty()) return text;
  return {};
}

template <class List, class Write>
std::string json_list(const List& values, Write&& write) {
  std::string out = "[";
  for (auto value : values) {
    if (out.size() > 1) out.push_back(',');
    write(value, out);
  }
  return out + "]";
}

class metric_reader {
 public:
  metric_reader(const metric_request& request, const uuid& seed, const context& ctx, parsed_batch& out)
      : request_(request), seed_(seed), ctx_(ctx), out_(out) {}

  void read() {
    for (auto& group : request_.resource_metrics()) {
      from_ = sender_of(group.resource().attributes());
      for (auto& scope : group.scope_metrics())
        for (auto& metric : scope.metrics()) read_metric(metric, scope.scope().name());
    }
  }

 private:
  using metric_message = metric_messages::Metric;

  void read_metric(const metric_message& metric, std::string_view scope) {
    auto each = [&](auto& points, std::string_view form, auto&& values) {
      for (auto& point : points) {
        begin(metric, scope, form);
        values(point);
        finish(point);
      }
    };
    auto number = [&](const metric_messages::NumberDataPoint& p) {
      if (p.value_case() == metric_messages::NumberDataPoint::kAsInt)
        writer_.add_integer("otel.value", p.as_int());
      else
        writer_.add_number("otel.value", p.as_double());
    };
    switch (metric.data_case()) {
      case metric_message::kGauge: each(metric.gauge().data_points(), "gauge", number); break;
      case metric_message::kSum: each(metric.sum().data_points(), "sum", number); break;
      case metric_message::kHistogram:
        each(metric.histogram().data_points(), "histogram", [&](auto& p) { add_histogram(p); });
        break;
      case metric_message::kExponentialHistogram:
        each(metric.exponential_histogram().data_points(), "exponential_histogram", [&](auto& p) {
          add_summary(p);
          if (p.has_min()) writer_.add_number("otel.min", p.min());
          if (p.has_max()) writer_.add_number("otel.max", p.max());
        });
        break;
      case metric_message::kSummary:
        each(metric.summary().data_points(), "summary", [&](auto& p) { add_summary(p); });
        break;
      default: break;  // a metric without data has no points
    }
  }

  template <class Point>
  void add_summary(const Point& p) {
    writer_.add_integer("otel.count",
                        static_cast<std::int64_t>(std::min<std::uint64_t>(p.count(), INT64_MAX)));
    writer_.add_number("otel.sum", p.sum());
  }

  void add_histogram(const metric_messages::HistogramDataPoint& p) {
    add_summary(p);
    if (p.has_min()) writer_.add_number("otel.min", p.min());
    if (p.has_max()) writer_.add_number("otel.max", p.max());
    if (p.bucket_counts_size() == 0 || p.bucket_counts_size() > buckets_max) return;
    writer_.add_json("otel.bounds", json_list(p.explicit_bounds(), [](double v, std::string& out) {
                       json::write_double(v, out);
                     }));
    writer_.add_json(
        "otel.bucket_counts",
        json_list(p.bucket_counts(), [](std::uint64_t v, std::string& out) { out += std::to_string(v); }));
  }

  void begin(const metric_message& metric, std::string_view scope, std::string_view form) {
    writer_.clear();
    writer_.add("otel.name", json::cut_utf8(metric.name(), 1024));
    writer_.add("otel.unit", json::cut_utf8(metric.unit(), 256));
    writer_.add("otel.metric", form);
    writer_.add("otel.scope", json::cut_utf8(scope, 1024));
  }

  template <class Point>
  void finish(const Point& point) {
    auto index = index_++;
    event_draft e;
    e.index = index;
    e.id = id_of_record(seed_, time_of(point.time_unix_nano(), 0), index);
    e.type = schema::EventType::CUSTOM;
    e.custom_name = "metric";
    e.time_us = time_of(point.time_unix_nano(), ctx_.now_us);
    if (too_far_ahead(e.time_us, ctx_)) {
      out_.rejected.push_back({index, too_far_ahead_reason(), "time_unix_nano"});
      return;
    }
    attributes_.reset(point.attributes());
    auto& a = attributes_;
    auto& texts = out_.texts;
    e.agent_id = kept_name(first_of({named_agent(a), from_.agent, from_.service, "unknown"}), texts);
    e.session_id = kept_name(first_of({named_session(a), from_.session}), texts);
    e.user_id = kept_name(first_of({named_user(a), from_.user}), texts);
    e.team = kept_name(first_of({named_team(a), from_.team}), texts);
    writer_.add_sender(from_);
    writer_.add_all(point.attributes());
    e.attributes = writer_.finish(texts);
    out_.events.push_back(e);
  }

  const metric_request& request_;
  const uuid& seed_;
  const context& ctx_;
  parsed_batch& out_;
  sender from_;
  genai::attributes attributes_;
  attribute_writer writer_;
  std::uint32_t index_ = 0;
};

}  // namespace

void read_metrics(const metric_request& request, const uuid& seed, const context& ctx, parsed_batch& out) {
  metric_reader(request, seed, ctx, out).read();
}

}  // namespace troupe::ingest::otlp
