// Log records to events, one each: calls that coding agents log become llm.call and tool.call, the rest custom.log.
#include "http/ingest/genai/log_kind.hpp"
#include "http/ingest/otlp/messages.hpp"
#include "http/ingest/otlp/record.hpp"
#include "http/ingest/otlp/signals.hpp"
#include "http/ingest/pricing.hpp"
#include "protocol/limits.hpp"

namespace troupe::ingest::otlp {

namespace {

using log_message = log_messages::LogRecord;

constexpr std::size_t body_text_max = 8192;

std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (auto text : texts)
    if (!text.empty()) return text;
  return {};
}

class log_reader {
 public:
  log_reader(const log_request& request, wire form, const uuid& seed, const context& ctx, parsed_batch& out)
      : request_(request), form_(form), seed_(seed), ctx_(ctx), out_(out) {}

  void read() {
    std::uint32_t index = 0;
    for (auto& group : request_.resource_logs()) {
      from_ = sender_of(group.resource().attributes());
      for (auto& scope : group.scope_logs())
        for (auto& record : scope.log_records()) write(record, scope.scope().name(), index++);
    }
  }

 private:
  // The name with its family: Claude Code's attribute says "api_request" where its body says
  // "claude_code.api_request".
  std::string_view name_of(const log_message& record) const {
    auto name = first_of({record.event_name(), attributes_.text({"event.name"})});
    auto& body = record.body().string_value();
    if (!name.empty() && body.size() > name.size() && body.ends_with(name) &&
        body[body.size() - name.size() - 1] == '.')
      return body;
    if (name.empty() && body.starts_with("claude_code.")) return body;
    return name;
  }

  void write(const log_message& record, std::string_view scope, std::uint32_t index) {
    event_draft e;
    e.index = index;
    auto told_us = time_of(record.time_unix_nano(), time_of(record.observed_time_unix_nano(), 0));
    e.id = id_of_record(seed_, told_us, index);
    e.time_us = told_us == 0 ? ctx_.now_us : told_us;
    if (too_far_ahead(e.time_us, ctx_)) {
      out_.rejected.push_back({index, too_far_ahead_reason(), "time_unix_nano"});
      return;
    }
    attributes_.reset(record.attributes());
    auto& a = attributes_;
    auto& texts = out_.texts;
    e.agent_id = kept_name(
        first_of({named_agent(a), implied_agent(a, texts), from_.agent, from_.service, "unknown"}), texts);
    e.session_id = kept_name(first_of({named_session(a), from_.session}), texts);
    e.user_id = kept_name(first_of({named_user(a), from_.user}), texts);
    e.team = kept_name(first_of({named_team(a), from_.team}), texts);
    e.trace_id = texts.keep(hex_of(restore_id(record.trace_id(), 16, form_)));
    e.span_id = texts.keep(hex_of(restore_id(record.span_id(), 8, form_)));
    auto name = name_of(record);
    write_facts(genai::facts_of_log(name, a), record, e);
    e.attributes = attributes_of(record, name, scope);
    if (ctx_.prices) ctx_.prices->price(e, texts);
    out_.events.push_back(e);
  }

  void write_facts(const genai::log_facts& facts, const log_message& record, event_draft& e) {
    auto& texts = out_.texts;
    bool failed =
        facts.succeeded ? !*facts.succeeded : record.severity_number() >= log_messages::SEVERITY_NUMBER_ERROR;
    if (failed) {
      e.status = schema::EventStatus::ERROR;
      e.error = kept_text(
          first_of({facts.error, attributes_.text({"exception.message", "error.message", "error.type"}),
                    record.body().string_value()}),
          texts);
    }
    if (facts.kind == genai::log_kind::other) {
      e.type = schema::EventType::CUSTOM;
      e.custom_name = "log";
      return;
    }
    if (!failed) e.status = schema::EventStatus::OK;
    e.type = facts.kind == genai::log_kind::model_call ? schema::EventType::LLM_CALL
                                                       : schema::EventType::TOOL_CALL;
    e.model = kept_name(facts.model, texts);
    e.provider = kept_name(facts.provider, texts);
    e.tool = kept_name(facts.tool, texts);
    e.duration_us = facts.duration_us.value_or(-1);
    e.has_tokens = facts.used.present;
    e.tokens = facts.used.tokens;
    if (facts.used.cost_nano_usd) {
      e.cost_nano_usd = *facts.used.cost_nano_usd;
      e.cost_source = schema::CostSource::REPORTED;
    }
  }

  std::string_view attributes_of(const log_message& record, std::string_view name, std::string_view scope) {
    writer_.clear();
    writer_.add("otel.name", name);
    writer_.add("otel.scope", scope);
    if (!record.severity_text().empty())
      writer_.add("otel.severity", record.severity_text());
    else if (record.severity_number() != 0)
      writer_.add_integer("otel.severity_number", record.severity_number());
    if (record.has_body()) {
      body_.clear();
      genai::write_value(record.body(), body_text_max, body_);
      if (body_.size() <= limits::attributes_bytes_max / 2)
        writer_.add_json("otel.body", body_);
      else
        writer_.add("otel.body", "[cut: " + std::to_string(body_.size()) + " bytes]");
    }
    writer_.add_sender(from_);
    writer_.add_all(record.attributes());
    return writer_.finish(out_.texts);
  }

  const log_request& request_;
  wire form_;
  const uuid& seed_;
  const context& ctx_;
  parsed_batch& out_;
  sender from_;
  genai::attributes attributes_;
  attribute_writer writer_;
  std::string body_;
};

}  // namespace

void read_logs(const log_request& request, wire form, const uuid& seed, const context& ctx,
               parsed_batch& out) {
  log_reader(request, form, seed, ctx, out).read();
}

}  // namespace troupe::ingest::otlp
