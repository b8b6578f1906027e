#include "query.hpp"

#include <limits>

#include "filter.hpp"
#include "keys.hpp"
#include "protocol/page.hpp"
#include "protocol/records.hpp"
#include "rollup_query.hpp"

namespace troupe::events {

namespace {

using which = schema::Query::Which;

struct found {
  event_seq seq;
  std::string bytes;
};

void write_events(const std::vector<found>& items, schema::QueryResult::Builder out) {
  auto list = out.initEvents(static_cast<unsigned>(items.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setSeq(items[i].seq.value);
    list[i].setEvent(message_reader(items[i].bytes).root<schema::Event>());
  }
}

std::string load_event(const record_reader& records, event_seq seq) {
  key_writer key(record_tag::event);
  auto bytes = records.get(family::events, event_key(key, seq));
  if (!bytes) throw machine_fault("event " + std::to_string(seq.value) + " is indexed but not stored");
  return std::move(*bytes);
}

void get_event(const record_reader& records, schema::Query::Reader query, schema::QueryResult::Builder out) {
  uuid id{query.getGetEvent().getHigh(), query.getGetEvent().getLow()};
  key_writer key(record_tag::event_by_id);
  auto value = records.get(family::events, by_id_key(key, view_of(query.getOrg()), id));
  if (!value) return out.setNothing();
  auto seq = decode_seq(*value);
  write_events({{seq, load_event(records, seq)}}, out);
}

// The index that narrows the question most, without time and seq.
std::string index_prefix(std::string_view org, schema::EventFilter::Reader asked) {
  if (asked.getTraceId().size() > 0)
    return key_writer(record_tag::event_by_trace).text(org).text(view_of(asked.getTraceId())).str();
  if (asked.getAgentId().size() > 0)
    return key_writer(record_tag::event_by_agent).text(org).text(view_of(asked.getAgentId())).str();
  return key_writer(record_tag::event_by_time).text(org).str();
}

std::string with_time(const std::string& prefix, std::int64_t time_us, std::uint64_t seq) {
  // The tag's byte is replaced by the prefix, which has its own.
  return prefix + key_writer(record_tag::event).i64(time_us).u64(seq).str().substr(1);
}

// Where in the index the question begins (newest) and ends.
std::pair<std::string, std::string> index_range(const std::string& prefix, schema::ListEvents::Reader asked) {
  auto filter = asked.getFilter();
  auto from = filter.getSinceUs() == 0 ? prefix : with_time(prefix, filter.getSinceUs(), 0);
  auto to = filter.getUntilUs() == 0 ? prefix_end(prefix) : with_time(prefix, filter.getUntilUs(), 0);
  if (asked.getBeforeTimeUs() != 0 || asked.getBeforeSeq() != 0)
    to = std::min(to, with_time(prefix, asked.getBeforeTimeUs(), asked.getBeforeSeq()));
  return {from, to};
}

void list_events(const record_reader& records, schema::Query::Reader query,
                 schema::QueryResult::Builder out) {
  auto asked = query.getListEvents();
  filter wanted(asked.getFilter());
  if (auto& wrong = wanted.complaint()) {
    auto refused = out.initRefused();
    refused.setCode(static_cast<std::uint16_t>(errc::invalid_argument));
    refused.setField(wrong->first.c_str());
    refused.setDetail(wrong->second.c_str());
    return;
  }
  auto prefix = index_prefix(view_of(query.getOrg()), asked.getFilter());
  auto [from, to] = index_range(prefix, asked);
  page bounds(asked.getLimit());
  std::vector<found> items;
  std::pair<std::int64_t, std::uint64_t> scanned{asked.getBeforeTimeUs(), asked.getBeforeSeq()};
  bool more = false;
  auto visit = [&](std::string_view key, std::string_view) {
    more = !bounds.look();
    if (more) return false;
    key_reader at(key.substr(prefix.size()));
    auto time_us = at.i64();
    event_seq seq(at.u64());
    auto bytes = load_event(records, seq);
    if (wanted.matches(message_reader(bytes).root<schema::Event>())) {
      more = !bounds.take(bytes.size());
      if (more) return false;
      items.push_back({seq, std::move(bytes)});
    }
    scanned = {time_us, seq.value};
    return true;
  };
  if (from < to) records.scan_down(family::events, from, to, visit);
  out.setMore(more);
  out.setScannedToTimeUs(scanned.first);
  out.setScannedToSeq(scanned.second);
  write_events(items, out);
}

void read_feed(const record_reader& records, schema::Query::Reader query, schema::QueryResult::Builder out) {
  auto asked = query.getReadFeed();
  auto org = view_of(query.getOrg());
  auto agent = view_of(asked.getAgentId()), team = view_of(asked.getTeam());
  page bounds(asked.getLimit());
  std::vector<found> items;
  auto scanned = asked.getAfterSeq();
  bool more = false;
  key_writer key(record_tag::event);
  auto visit = [&](std::string_view at, std::string_view value) {
    more = !bounds.look();
    if (more) return false;
    key_reader in(at.substr(1));
    event_seq seq(in.u64());
    message_reader reader(value);
    auto event = reader.root<schema::Event>();
    bool wanted = (org.empty() || view_of(event.getOrg()) == org) &&
                  (agent.empty() || view_of(event.getAgentId()) == agent) &&
                  (team.empty() || view_of(event.getTeam()) == team);
    if (wanted) {
      more = !bounds.take(value.size());
      if (more) return false;
      items.push_back({seq, std::string(value)});
    }
    scanned = seq.value;
    return true;
  };
  if (scanned != std::numeric_limits<std::uint64_t>::max())
    records.scan(family::events, event_key(key, event_seq(scanned + 1)),
                 prefix_end(std::string(1, static_cast<char>(record_tag::event))), visit);
  out.setMore(more);
  out.setScannedToSeq(scanned);
  write_events(items, out);
}

}  // namespace

bool event_queries::handles(which query) const {
  switch (query) {
    case which::POSITION:
    case which::GET_EVENT:
    case which::LIST_EVENTS:
    case which::READ_FEED:
    case which::READ_ROLLUPS: return true;
    default: return false;
  }
}

void event_queries::answer(const record_reader& records, schema::Query::Reader query,
                           schema::QueryResult::Builder out) const {
  switch (query.which()) {
    case which::GET_EVENT: return get_event(records, query, out);
    case which::LIST_EVENTS: return list_events(records, query, out);
    case which::READ_FEED: return read_feed(records, query, out);
    case which::READ_ROLLUPS: return read_rollups(records, query, out);
    default: return out.setPosition();
  }
}

}  // namespace troupe::events
