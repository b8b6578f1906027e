#include "tests/fuzz/support/parsed.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdio>

#include "http/ingest/batcher.hpp"
#include "http/ingest/event_json.hpp"
#include "http/ingest/json_text.hpp"
#include "http/ingest/pricing.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/shard_under_test.hpp"

namespace troupe::fuzz {

namespace {

constexpr std::uint16_t shards = 4;
const ingest::batch_identity who{"default", "key-1"};

void check_text(std::string_view text, std::size_t bytes_max) {
  must(text.size() <= bytes_max, "a text is within its bound");
  must(text.find('\0') == text.npos, "a text holds no NUL");
  for (std::size_t at = 0; at < text.size();) {
    auto length = ingest::json::utf8_length(text.substr(at));
    must(length > 0, "a text is UTF-8");
    at += length;
  }
}

void check_name(std::string_view name) {
  check_text(name, limits::id_bytes_max);
  must(std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
       "a name holds no control characters");
}

void check_event(const ingest::event_draft& e, const ingest::parsed_batch& batch) {
  must(!e.id.is_nil(), "an event has an id");
  must(!e.agent_id.empty(), "an event has an agent");
  for (auto name : {e.custom_name, e.agent_id, e.session_id, e.user_id, e.team, e.trace_id, e.span_id,
                    e.parent_span_id, e.model, e.provider, e.tool, e.tier, e.knowledge_id, e.peer_agent_id})
    check_name(name);
  check_text(e.error, limits::text_bytes_max);
  check_text(e.query, limits::text_bytes_max);
  check_text(e.attributes, limits::attributes_bytes_max);
  must(e.attributes.empty() || (e.attributes.front() == '{' && is_json(e.attributes)),
       "attributes are a JSON object");
  must(e.time_us >= 0, "a time is after 1970");
  must(e.duration_us >= -1 && e.duration_us <= ingest::duration_us_max, "a duration is within its bound");
  must(e.items_retrieved >= -1 && e.items_retrieved <= ingest::count_max, "a count is within its bound");
  for (auto n :
       {e.tokens.input, e.tokens.output, e.tokens.cache_read, e.tokens.cache_write, e.tokens.reasoning})
    must(n >= 0 && n <= ingest::count_max, "tokens are within their bound");
  must(e.cost_nano_usd >= 0, "a cost is not negative");
  must(e.tiers_begin + std::size_t{e.tiers_count} <= batch.tiers.size(), "tiers are there");
  for (std::uint32_t i = 0; i < e.tiers_count; ++i) {
    auto& tier = batch.tiers[e.tiers_begin + i];
    check_name(tier.tier);
    must(tier.latency_us >= 0 && tier.latency_us <= ingest::duration_us_max, "a latency is within its bound");
  }
}

// Events and refusals together have each place of the request at most once, both in order.
void check_numbering(const ingest::parsed_batch& batch, std::size_t items) {
  std::vector<std::uint32_t> places;
  for (auto& e : batch.events) places.push_back(e.index);
  must(std::ranges::is_sorted(places), "events are in order");
  for (auto& r : batch.rejected) {
    places.push_back(r.index);
    must(!r.error.empty(), "a refusal has a reason");
  }
  if (items == unknown_items) return;
  std::ranges::sort(places);
  must(places.size() == items, "every item is taken or refused");
  for (std::size_t i = 0; i < places.size(); ++i) must(places[i] == i, "no item is taken or refused twice");
}

// What clients are shown, and what the client's form of it is read as. Times are shown in milliseconds.
void check_shown(ingest::parsed_batch& batch) {
  for (auto& event : batch.events) event.time_us -= event.time_us % 1000;
  for (auto& entry : ingest::cut_batch(batch, who, shards)) {
    message_reader reader(entry.command);
    auto events = reader.root<schema::Command>().getBody().getAppendEvents().getEvents();
    std::string shown, sent = "[";
    for (auto event : events) {
      shown.clear();
      ingest::write_event_json(event, event_seq(1), entry.shard, shown);
      must(is_json(shown), "an event is shown as JSON");
      if (sent.size() > 1) sent += ',';
      ingest::write_client_event_json(event, sent);
    }
    sent += ']';
    auto again = ingest::parse_events(sent, "application/json", fixed_context());
    if (again && !again->rejected.empty())
      std::fprintf(stderr, "%s: %s in %.4000s\n", again->rejected[0].field.c_str(),
                   again->rejected[0].error.c_str(), sent.c_str());
    must(again && again->rejected.empty(), "what is shown can be sent");
    auto same = ingest::cut_batch(*again, who, shards);
    must(same.size() == 1 && same[0].command == entry.command, "what is shown and sent is the same event");
  }
}

void check_taken(const std::vector<ingest::event_entry>& entries) {
  for (auto& entry : entries) {
    must(entry.command.size() <= limits::entry_bytes_max, "an entry is within its bound");
    must(!entry.indexes.empty(), "an entry holds events");
    shard_under_test shard(entry.shard);
    auto reply = shard.run(entry.command);
    must(reply && !is_refusal(*reply), "the machine takes what the edge lets through");
    message_reader reader(*reply);
    auto said = reader.root<schema::Reply>().getEventsAppended();
    must(said.getRejected().size() == 0, "the machine refuses nothing that the edge lets through");
    must(said.getAccepted() + said.getDuplicates() == entry.indexes.size(), "accepted and duplicates add up");
    must(shard.last_seq().value == said.getAccepted(), "accepted events are numbered");
  }
}

}  // namespace

ingest::context fixed_context() {
  ingest::context out;
  out.now_us = 1'800'000'000'000'000;
  out.entropy_high = 1;
  out.entropy_low = 2;
  out.prices = &ingest::price_table::built_in();
  return out;
}

bool is_json(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 1024;
  boost::json::parse({text.data(), text.size()}, error, {}, options);
  return !error;
}

std::optional<std::size_t> items_of_array(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 1024;
  auto value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error || !value.is_array()) return std::nullopt;
  return value.get_array().size();
}

void check_batch(ingest::parsed_batch batch, std::size_t items) {
  check_numbering(batch, items);
  for (auto& event : batch.events) check_event(event, batch);
  auto count = batch.events.size(), refused = batch.rejected.size();
  auto entries = ingest::cut_batch(batch, who, shards);
  std::size_t placed = 0;
  for (auto& entry : entries) placed += entry.indexes.size();
  must(placed + (batch.rejected.size() - refused) == count, "every event is placed or too large");
  check_taken(entries);
  check_shown(batch);
}

std::string described(const ingest::parsed_batch& batch) {
  std::string out;
  auto copy = ingest::parsed_batch{{}, batch.events, batch.tiers, {}};
  for (auto& entry : ingest::cut_batch(copy, who, shards)) {
    out += entry.command;
    for (auto index : entry.indexes) out += std::to_string(index) + ' ';
  }
  for (auto& r : batch.rejected) out += std::to_string(r.index) + r.field + '\0' + r.error + '\n';
  return out;
}

}  // namespace troupe::fuzz
