// Writing stored events as public JSON. Appends only; whatever the event holds, the result is valid JSON: texts are
// escaped, and attributes that are no JSON object (which no reader lets in) are left out.
#include "http/ingest/event_json.hpp"

#include "http/ingest/json_text.hpp"
#include "http/ingest/time_text.hpp"
#include "protocol/event_type.hpp"
#include "protocol/message.hpp"
#include "protocol/uuid.hpp"

namespace troupe::ingest {

namespace {

class writer {
 public:
  explicit writer(std::string& out) : out_(out) { out_.push_back('{'); }

  void key(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    out_.push_back('"');
    out_.append(name);
    out_ += "\":";
  }
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    json::write_string(value, out_);
  }
  void text(std::string_view name, capnp::Text::Reader value) { text(name, view_of(value)); }
  void text(std::string_view name, const std::string& value) { text(name, std::string_view(value)); }
  // A text that needs no escapes.
  void plain(std::string_view name, std::string_view value) {
    key(name);
    out_.push_back('"');
    out_.append(value);
    out_.push_back('"');
  }
  void time(std::string_view name, std::int64_t us) {
    key(name);
    out_.push_back('"');
    write_rfc3339(us, out_);
    out_.push_back('"');
  }
  void integer(std::string_view name, std::int64_t value) {
    key(name);
    json::write_int(value, out_);
  }
  void decimal(std::string_view name, std::int64_t value, int decimals) {
    key(name);
    json::write_decimal(value, decimals, out_);
  }
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
  bool first_ = true;
};

void write_tokens(schema::Tokens::Reader tokens, writer& w, std::string& out) {
  w.key("tokens");
  writer inner(out);
  inner.integer("input", tokens.getInput());
  inner.integer("output", tokens.getOutput());
  inner.integer("cache_read", tokens.getCacheRead());
  inner.integer("cache_write", tokens.getCacheWrite());
  inner.integer("reasoning", tokens.getReasoning());
  inner.end();
}

void write_tiers(capnp::List<schema::TierLatency>::Reader tiers, writer& w, std::string& out) {
  w.key("latency_by_tier_ms");
  writer inner(out);
  std::string name;
  for (auto tier : tiers) {
    name.clear();
    json::write_string(view_of(tier.getTier()), name);
    inner.decimal(std::string_view(name).substr(1, name.size() - 2), tier.getLatencyUs(), 3);
  }
  inner.end();
}

void write_fields(schema::Event::Reader e, writer& w, std::string& out, bool priced_too) {
  w.plain("id", to_string(uuid{e.getId().getHigh(), e.getId().getLow()}));
  w.text("type", event_type_name(e.getType(), view_of(e.getCustomName())));
  w.time("time", e.getTimeUs());
  w.text("agent_id", e.getAgentId());
  w.text("session_id", e.getSessionId());
  w.text("user_id", e.getUserId());
  w.text("team", e.getTeam());
  w.text("trace_id", e.getTraceId());
  w.text("span_id", e.getSpanId());
  w.text("parent_span_id", e.getParentSpanId());
  if (e.getStatus() != schema::EventStatus::UNSET) w.plain("status", event_status_name(e.getStatus()));
  w.text("error", e.getError());
  if (e.getDurationUs() >= 0) w.decimal("duration_ms", e.getDurationUs(), 3);
  w.text("model", e.getModel());
  w.text("provider", e.getProvider());
  if (e.hasTokens()) write_tokens(e.getTokens(), w, out);
  auto cost = e.getCostSource();
  if (cost == schema::CostSource::REPORTED || (priced_too && cost != schema::CostSource::NONE))
    w.decimal("cost_usd", e.getCostNanoUsd(), 9);
  w.text("tool", e.getTool());
  w.text("tier", e.getTier());
  if (e.getLatencyByTier().size() > 0) write_tiers(e.getLatencyByTier(), w, out);
  w.text("query", e.getQuery());
  if (e.getItemsRetrieved() >= 0) w.integer("items_retrieved", e.getItemsRetrieved());
  w.text("knowledge_id", e.getKnowledgeId());
  w.text("peer_agent_id", e.getPeerAgentId());
  auto attributes = view_of(e.getAttributes());
  if (attributes.size() >= 2 && attributes.front() == '{' && attributes.back() == '}') {
    w.key("attributes");
    out.append(attributes);
  }
}

}  // namespace

void write_event_json(schema::Event::Reader event, event_seq seq, shard_id shard, std::string& out) {
  writer w(out);
  write_fields(event, w, out, true);
  if (event.getCostSource() == schema::CostSource::REPORTED) w.plain("cost_source", "reported");
  if (event.getCostSource() == schema::CostSource::PRICED) {
    w.plain("cost_source", "priced");
    w.text("price_version", event.getPriceVersion());
  }
  if (event.getReceivedUs() != 0) w.time("received_at", event.getReceivedUs());
  w.text("org", event.getOrg());
  w.plain("offset", std::to_string(shard.value) + '.' + std::to_string(seq.value));
  w.end();
}

void write_client_event_json(schema::Event::Reader event, std::string& out) {
  writer w(out);
  write_fields(event, w, out, false);
  w.end();
}

}  // namespace troupe::ingest
