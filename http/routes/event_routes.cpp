// Events: taking them in, listing them newest first over all shards, finding one.
#include <algorithm>

#include "http/ingest/decompress.hpp"
#include "http/ingest/event_json.hpp"
#include "http/routes/all_routes.hpp"
#include "http/routes/common_docs.hpp"
#include "http/routes/cursor.hpp"
#include "http/routes/event_merge.hpp"
#include "http/routes/ingest_batch.hpp"
#include "http/routes/parameters.hpp"
#include "http/server/text.hpp"
#include "protocol/envelope.hpp"
#include "protocol/uuid.hpp"

namespace troupe::http {

namespace {

constexpr char event_list = 'e';

response ingest_failure(const failure& f) {
  if (f.code != errc::unsupported) return to_response(f);
  return status_problem(415, f.detail);
}

response partly_failed(const ingest_outcome& o, bool can_repeat) {
  const auto& f = *o.failed;
  problem p{.status = http_status(f.code), .code = to_string(f.code)};
  if (f.code == errc::timed_out) p.status = 503;
  if (o.accepted + o.duplicates == 0 && p.status < 500) return to_response(f);
  p.retry_after = f.retry_after;
  p.detail = concat({f.detail, " ", std::to_string(o.accepted), " events were accepted, ",
                     std::to_string(o.not_taken), " were not",
                     can_repeat ? ". Send the whole request again: none will be doubled."
                                : ". Sending it again would double those without an id of their own: give"
                                  " events an id, or the request an Idempotency-Key."});
  p.counts = {{"accepted", o.accepted}, {"duplicates", o.duplicates}, {"not_taken", o.not_taken}};
  return to_response(p);
}

void post_events(api_context& api, const request_ptr& r, const responder& back) {
  auto key = r->field("Idempotency-Key");
  if (key.size() > limits::idempotency_key_bytes_max) {
    return back(problem_response(errc::invalid_argument, "Idempotency-Key is longer than 256 bytes."));
  }
  ingest_origin from{r->who.org, r->who.key_id, std::string(key), 0};
  std::string_view body = r->body;
  std::string plain;
  if (auto encoding = r->field("Content-Encoding"); !ingest::is_identity(encoding)) {
    auto inflated = ingest::decompress(body, encoding);
    if (!inflated) return back(ingest_failure(inflated.error()));
    plain = std::move(*inflated);
    body = plain;
    if (!r->held.add(plain.size())) {
      return back(problem_response(errc::unavailable, "Too many bytes of requests are in flight."));
    }
  }
  if (!key.empty()) from.fingerprint = checksum64(body);
  std::string seed;
  auto ctx = ingest_context(api, from, seed);
  auto batch = ingest::parse_events(body, r->field("Content-Type"), ctx);
  if (!batch) return back(ingest_failure(batch.error()));
  bool own_ids = std::none_of(batch->events.begin(), batch->events.end(),
                              [&](const auto& e) { return e.id == ingest::draw_id(ctx, e.index); });
  bool can_repeat = own_ids || !key.empty();
  ingest_batch(api, back.home(), from, std::move(*batch), [r, back, can_repeat](ingest_outcome o) {
    back(o.failed ? partly_failed(o, can_repeat) : response::json(outcome_json(o)));
  });
}

std::optional<response> read_filter(query_fields& q, schema::EventFilter::Builder filter) {
  filter.setAgentId(std::string(q.text("agent_id")));
  filter.setType(std::string(q.text("type")));
  filter.setTraceId(std::string(q.text("trace_id")));
  filter.setSessionId(std::string(q.text("session_id")));
  filter.setModel(std::string(q.text("model")));
  filter.setTool(std::string(q.text("tool")));
  filter.setTeam(std::string(q.text("team")));
  filter.setTier(std::string(q.text("tier")));
  filter.setKnowledgeId(std::string(q.text("knowledge_id")));
  filter.setPeerAgentId(std::string(q.text("peer_agent_id")));
  filter.setUserId(std::string(q.text("user_id")));
  filter.setProvider(std::string(q.text("provider")));
  filter.setStatus(std::string(q.choice("status", {"", "ok", "error", "unset"})));
  filter.setText(std::string(q.text("q")));
  if (auto type = q.text("type"); !type.empty() && !parse_event_type(type)) {
    q.refuse("type", "is no event type");
  }
  filter.setSinceUs(q.time_us("since").value_or(0));
  filter.setUntilUs(q.time_us("until").value_or(0));
  return q.refusal();
}

void list_events(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(
      *r, {"agent_id", "type", "trace_id", "session_id", "model", "tool", "team", "tier", "knowledge_id",
           "peer_agent_id", "user_id", "provider", "status", "since", "until", "q", "limit", "cursor"});
  query_builder query(r->who.org);
  auto list = query->initListEvents();
  auto limit = q.limit();
  std::optional<event_place> before;
  if (auto text = r->parameter("cursor")) {
    auto at = parse_cursor(*text, event_list);
    if (!at) q.refuse("cursor", "is no cursor of this list");
    if (at) before = event_place{at->time_us, at->seq, at->shard};
  }
  if (auto refusal = read_filter(q, list.initFilter())) return back(std::move(*refusal));
  // One more than asked: a shard may give again the place where the page before ended.
  list.setLimit(limit + 1);
  if (before) {
    list.setBeforeTimeUs(before->time_us);
    list.setBeforeSeq(before->seq + 1);
  }
  auto agent = q.text("agent_id");
  auto shards =
      agent.empty() ? api.actors.entity_shards() : std::vector{api.actors.shard_of_agent(r->who.org, agent)};
  run_query_each(api, consistency_of(*r), back, std::move(shards), query.bytes(),
                 [r, back, limit, before](const results& found) {
                   auto page = merge_events(found, before, limit);
                   std::string items;
                   for (const auto& e : page.items) {
                     if (!items.empty()) items += ',';
                     ingest::write_event_json(e.event, event_seq(e.at.seq), shard_id(e.at.shard), items);
                   }
                   std::optional<cursor> next;
                   if (page.next) {
                     next = cursor{event_list, page.next->time_us, page.next->seq, page.next->shard};
                   }
                   auto answer = list_response(*r, items, next);
                   add_read_index(answer, found);
                   back(std::move(answer));
                 });
}

void get_event(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  auto id = parse_uuid(r->captures.at(0));
  if (!id) return back(problem_response(errc::not_found, "There is no event with this id."));
  query_builder query(r->who.org);
  auto asked = query->initGetEvent();
  asked.setHigh(id->high);
  asked.setLow(id->low);
  run_query_each(
      api, consistency_of(*r), back, api.actors.entity_shards(), query.bytes(), [back](const results& found) {
        for (const auto& f : found) {
          if (!f.isEvents() || f.getEvents().size() == 0) continue;
          std::string out;
          auto e = f.getEvents()[0];
          ingest::write_event_json(e.getEvent(), event_seq(e.getSeq()), shard_id(f.getShard()), out);
          auto answer = response::json(std::move(out));
          add_read_index(answer, found);
          return back(std::move(answer));
        }
        back(problem_response(errc::not_found, "There is no event with this id."));
      });
}

constexpr std::string_view example_event =
    R"({"type":"llm.call","agent_id":"neuroscientist","model":"gpt-4o","provider":"openai","tokens":{"input":1200,"output":80},"duration_ms":840})";

operation_doc post_doc() {
  return {
      "sendEvents",
      "Events",
      "Take in events",
      "Answers once the accepted ones are durable. A wrong item is rejected by its index; the rest is taken. "
      "Content-Encoding gzip and zstd are read.",
      {docs::idempotency},
      {{"application/json",
        R"({"oneOf":[{"type":"array","items":{"$ref":"#/components/schemas/EventInput"}},{"$ref":"#/components/schemas/EventInput"}]})",
        example_event},
       {"application/x-ndjson", R"({"type":"string"})", {}}},
      {{200,
        "How many were taken, known already, and rejected.",
        {{"application/json", "IngestAnswer", R"({"accepted":1,"duplicates":0,"rejected":[]})"}}}}};
}

operation_doc list_doc() {
  return {
      "listEvents",
      "Events",
      "List events, newest first",
      "All conditions must hold. The page may be short while next_cursor is not null.",
      {{"agent_id", "query", docs::text, "Of this agent.", "\"neuroscientist\""},
       {"type", "query", docs::text, "Of this type.", "\"llm.call\""},
       {"trace_id", "query", docs::text, "Of this trace."},
       {"session_id", "query", docs::text, "Of this session."},
       {"model", "query", docs::text, "Of this model."},
       {"tool", "query", docs::text, "Of this tool."},
       {"team", "query", docs::text, "Of this team."},
       {"tier", "query", docs::text,
        "That asked this tier of memory, or were served by it, under this very name: those that the rollups "
        "by tier count.",
        "\"redis\""},
       {"knowledge_id", "query", docs::text, "About this item of knowledge."},
       {"peer_agent_id", "query", docs::text, "With this agent on the other side."},
       {"user_id", "query", docs::text, "On behalf of this user."},
       {"provider", "query", docs::text, "Of this provider of models.", "\"openai\""},
       {"status", "query", R"({"type":"string","enum":["ok","error","unset"]})", "With this status."},
       docs::since("From this time on: RFC 3339 or epoch milliseconds."),
       docs::until("Before this time."),
       {"q", "query", docs::text,
        "With this text in one of its texts, whatever the case and the width of blanks."},
       docs::limit,
       docs::cursor,
       docs::consistency},
      {},
      {{200, "A page of events.", {{"application/json", "EventList", {}}}}}};
}

}  // namespace

void add_event_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  route post{verb::post, "/api/v2/events", permission::ingest, bound(post_events), post_doc()};
  post.body_bytes_max = api.core.config.limits.body_bytes_max;
  post.reads_large_bodies = true;
  to.push_back(std::move(post));
  to.push_back({verb::get, "/api/v2/events", permission::read, bound(list_events), list_doc()});
  to.push_back({verb::get,
                "/api/v2/events/{id}",
                permission::read,
                bound(get_event),
                {"getEvent",
                 "Events",
                 "Get one event",
                 "By its id.",
                 {{"id", "path", R"({"type":"string","format":"uuid"})", "The event."}, docs::consistency},
                 {},
                 {{200, "The event.", {{"application/json", "Event", {}}}}}}});
}

}  // namespace troupe::http
