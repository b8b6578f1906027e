// Spans to events, one each.
//
// Tokens and cost are counted once: a span's usage becomes the event's tokens only if the span is one call of a
// model (span_kind::inference) and no call below it, in this request, reports usage too (two instrumentations of the
// same call, or the outer span of an embedding). Between the two there may be no agent and no tool: what a tool asks
// of a model is a call of its own. All other spans keep what they report in their attributes.
//
// agent, session, user and team come from the span, else from the nearest parent within the request that has them,
// else from what is implied, else from the resource. The time of the event is the span's end.
#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "http/ingest/genai/attributes.hpp"
#include "http/ingest/genai/span_kind.hpp"
#include "http/ingest/genai/usage.hpp"
#include "http/ingest/otlp/messages.hpp"
#include "http/ingest/otlp/record.hpp"
#include "http/ingest/otlp/signals.hpp"
#include "http/ingest/pricing.hpp"

namespace troupe::ingest::otlp {

namespace {

using genai::span_kind;
using span_message = trace_messages::Span;

constexpr std::uint64_t span_id_seed = 0x7370616e;  // "span"
constexpr std::size_t trace_id_bytes = 16, span_id_bytes = 8;
constexpr int ancestors_max = 128;
constexpr std::int32_t none = -1;

struct span_facts {
  const span_message* span = nullptr;
  const sender* from = nullptr;
  std::string_view scope;
  std::string trace_id, span_id, parent_id;  // raw bytes
  std::int32_t parent = none;
  span_kind kind = span_kind::other;
  genai::usage usage;
  bool counts = false;
  // Texts of the span itself; they live in the request, or in the batch.
  std::string_view agent, implied, session, user, team;
};

class trace_reader {
 public:
  trace_reader(const trace_request& request, wire form, const context& ctx, parsed_batch& out)
      : request_(request), form_(form), ctx_(ctx), out_(out) {}

  void read() {
    collect();
    link();
    count_once();
    for (std::size_t i = 0; i < spans_.size(); ++i) write(static_cast<std::uint32_t>(i));
  }

 private:
  void collect() {
    std::size_t senders = 0, spans = 0;
    for (auto& group : request_.resource_spans()) {
      ++senders;
      for (auto& scope : group.scope_spans()) spans += static_cast<std::size_t>(scope.spans_size());
    }
    senders_.reserve(senders);  // facts point into it
    spans_.reserve(spans);
    for (auto& group : request_.resource_spans()) {
      senders_.push_back(sender_of(group.resource().attributes()));
      for (auto& scope : group.scope_spans())
        for (auto& span : scope.spans()) spans_.push_back(facts_of(span, scope.scope().name()));
    }
  }

  span_facts facts_of(const span_message& span, std::string_view scope) {
    attributes_.reset(span.attributes());
    span_facts f;
    f.span = &span;
    f.from = &senders_.back();
    f.scope = scope;
    f.trace_id = restore_id(span.trace_id(), trace_id_bytes, form_);
    f.span_id = restore_id(span.span_id(), span_id_bytes, form_);
    f.parent_id = restore_id(span.parent_span_id(), span_id_bytes, form_);
    f.kind = genai::kind_of_span(span.name(), attributes_);
    f.usage = genai::usage_of_span(attributes_);
    f.agent = named_agent(attributes_);
    f.implied = implied_agent(attributes_, out_.texts);
    f.session = named_session(attributes_);
    f.user = named_user(attributes_);
    f.team = named_team(attributes_);
    return f;
  }

  void link() {
    if (std::ranges::all_of(spans_, [](auto& f) { return f.parent_id.empty(); })) return;
    std::unordered_map<std::string, std::int32_t> by_id;
    by_id.reserve(spans_.size());
    for (std::size_t i = 0; i < spans_.size(); ++i)
      by_id.emplace(spans_[i].trace_id + spans_[i].span_id, static_cast<std::int32_t>(i));
    for (auto& f : spans_) {
      if (f.parent_id.empty()) continue;
      if (auto at = by_id.find(f.trace_id + f.parent_id); at != by_id.end()) f.parent = at->second;
    }
  }

  void count_once() {
    for (auto& f : spans_) f.counts = f.kind == span_kind::inference && f.usage.present;
    for (auto& f : spans_) {
      if (f.kind != span_kind::inference || !f.usage.present) continue;
      auto at = f.parent;
      for (int steps = 0; at != none && steps < ancestors_max; ++steps) {
        auto& above = spans_[static_cast<std::size_t>(at)];
        if (above.kind == span_kind::agent || above.kind == span_kind::tool || &above == &f) break;
        above.counts = false;
        if (above.kind == span_kind::inference) above.kind = span_kind::other;
        at = above.parent;
      }
    }
  }

  // The text of the span or of its nearest parent that has one.
  std::string_view inherited(const span_facts& f, std::string_view span_facts::*text) const {
    auto* at = &f;
    for (int steps = 0; steps < ancestors_max; ++steps) {
      if (!(at->*text).empty()) return at->*text;
      if (at->parent == none) break;
      at = &spans_[static_cast<std::size_t>(at->parent)];
    }
    return {};
  }

  static std::string_view first_of(std::initializer_list<std::string_view> texts) {
    for (auto text : texts)
      if (!text.empty()) return text;
    return {};
  }

  // From the content, so that a span sent again is known again; with its end in front, so that new spans have new ids.
  static uuid id_of_span(const span_facts& f, std::int64_t end_us) {
    std::array<char, trace_id_bytes + span_id_bytes> ids;
    std::memcpy(ids.data(), f.trace_id.data(), trace_id_bytes);
    std::memcpy(ids.data() + trace_id_bytes, f.span_id.data(), span_id_bytes);
    auto from = make_uuid_of({ids.data(), ids.size()}, span_id_seed);
    return make_uuid_v7(end_us, from.high, from.low);
  }

  void write(std::uint32_t index) {
    auto& f = spans_[index];
    auto& span = *f.span;
    if (f.trace_id.empty() || f.span_id.empty())
      return reject(index, f.trace_id.empty() ? "trace_id" : "span_id",
                    "a span's trace_id is 16 bytes and its span_id 8, not all zero");
    auto start = time_of(span.start_time_unix_nano(), 0);
    auto end = std::max(time_of(span.end_time_unix_nano(), start), start);
    if (end == 0) end = ctx_.now_us;
    if (too_far_ahead(end, ctx_)) return reject(index, "end_time_unix_nano", too_far_ahead_reason());

    event_draft e;
    e.index = index;
    e.id = id_of_span(f, span.end_time_unix_nano() != 0 ? end : 0);
    e.time_us = end;
    if (start > 0 && end - start <= duration_us_max) e.duration_us = end - start;
    auto& texts = out_.texts;
    e.agent_id = kept_name(first_of({inherited(f, &span_facts::agent), inherited(f, &span_facts::implied),
                                     f.from->agent, f.from->service, "unknown"}),
                           texts);
    e.session_id = kept_name(first_of({inherited(f, &span_facts::session), f.from->session}), texts);
    e.user_id = kept_name(first_of({inherited(f, &span_facts::user), f.from->user}), texts);
    e.team = kept_name(first_of({inherited(f, &span_facts::team), f.from->team}), texts);
    e.trace_id = texts.keep(hex_of(f.trace_id));
    e.span_id = texts.keep(hex_of(f.span_id));
    e.parent_span_id = texts.keep(hex_of(f.parent_id));
    attributes_.reset(span.attributes());
    write_outcome(span, e);
    write_type(f, e);
    write_details(f, e);
    e.attributes = attributes_of(f);
    if (ctx_.prices) ctx_.prices->price(e, texts);
    out_.events.push_back(e);
  }

  // A finished span without an error has gone well: UNSET is what instrumentations leave it at.
  void write_outcome(const span_message& span, event_draft& e) {
    bool failed = span.status().code() == trace_messages::Status::STATUS_CODE_ERROR;
    e.status = failed ? schema::EventStatus::ERROR : schema::EventStatus::OK;
    if (!failed) return;
    std::string_view why = span.status().message();
    genai::attributes of_event;
    for (auto& event : span.events()) {
      if (!why.empty()) break;
      if (event.name() != "exception") continue;
      of_event.reset(event.attributes());
      why = of_event.text({"exception.message", "exception.type"});
    }
    e.error = kept_text(
        first_of({why, attributes_.text({"error.message", "error.type", "exception.message"})}), out_.texts);
  }

  void write_type(const span_facts& f, event_draft& e) {
    using schema::EventType;
    auto kind =
        f.kind == span_kind::chain ? (f.parent_id.empty() ? span_kind::agent : span_kind::other) : f.kind;
    switch (kind) {
      case span_kind::inference: e.type = EventType::LLM_CALL; break;
      case span_kind::tool: e.type = EventType::TOOL_CALL; break;
      case span_kind::retrieval: e.type = EventType::KNOWLEDGE_ACCESS; break;
      case span_kind::memory: e.type = EventType::MEMORY_ACCESS; break;
      case span_kind::agent:
        e.type = e.status == schema::EventStatus::ERROR ? EventType::EXECUTION_FAILED
                                                        : EventType::EXECUTION_COMPLETED;
        break;
      default: e.type = EventType::CUSTOM; e.custom_name = "span";
    }
  }

  void write_details(const span_facts& f, event_draft& e) {
    auto& a = attributes_;
    auto& texts = out_.texts;
    e.model = kept_name(
        a.text({"gen_ai.response.model", "llm.response.model_name", "ai.response.model", "llm.model_name",
                "gen_ai.request.model", "ai.model.id", "embedding.model_name", "reranker.model_name"}),
        texts);
    e.provider = kept_name(
        a.text({"gen_ai.provider.name", "gen_ai.system", "llm.provider", "ai.model.provider", "llm.system"}),
        texts);
    e.tool = kept_name(a.text({"gen_ai.tool.name", "ai.toolCall.name", "tool.name", "mcp.tool.name"}), texts);
    if (f.kind == span_kind::tool && e.tool.empty())
      e.tool = kept_name(
          a.text({"traceloop.entity.name"}).empty() ? f.span->name() : a.text({"traceloop.entity.name"}),
          texts);
    if (f.counts) {
      e.has_tokens = true;
      e.tokens = f.usage.tokens;
      if (f.usage.cost_nano_usd) {
        e.cost_nano_usd = *f.usage.cost_nano_usd;
        e.cost_source = schema::CostSource::REPORTED;
      }
    }
    if (f.kind != span_kind::retrieval && f.kind != span_kind::memory) return;
    e.tier = kept_name(a.text({"troupe.tier", "memory.tier"}), texts);
    e.query =
        kept_text(a.text({"gen_ai.memory.query.text", "gen_ai.retrieval.query.text", "input.value"}), texts);
    e.knowledge_id = kept_name(
        a.text({"gen_ai.data_source.id", "gen_ai.memory.store.id", "gen_ai.memory.record.id"}), texts);
    auto found = a.count({"gen_ai.memory.record.count"});
    auto documents = a.list_size("retrieval.documents");
    if (found || documents > 0) e.items_retrieved = found.value_or(documents);
  }

  std::string_view attributes_of(const span_facts& f) {
    writer_.clear();
    writer_.add("otel.name", f.span->name());
    writer_.add("otel.scope", f.scope);
    writer_.add_sender(*f.from);
    writer_.add_all(f.span->attributes());
    return writer_.finish(out_.texts);
  }

  void reject(std::uint32_t index, std::string field, std::string error) {
    out_.rejected.push_back({index, std::move(error), std::move(field)});
  }

  const trace_request& request_;
  wire form_;
  const context& ctx_;
  parsed_batch& out_;
  std::vector<sender> senders_;
  std::vector<span_facts> spans_;
  genai::attributes attributes_;
  attribute_writer writer_;
};

}  // namespace

void read_traces(const trace_request& request, wire form, const context& ctx, parsed_batch& out) {
  trace_reader(request, form, ctx, out).read();
}

}  // namespace troupe::ingest::otlp
