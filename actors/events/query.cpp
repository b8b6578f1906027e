#include "query.hpp"

#include <limits>

#include "block.hpp"
#include "filter.hpp"
#include "filtered_cells.hpp"
#include "index_choice.hpp"
#include "keys.hpp"
#include "newest_first.hpp"
#include "protocol/id_window.hpp"
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

std::optional<event_seq> seq_of(const record_reader& records, std::string_view org, const uuid& id) {
  key_writer key(record_tag::event_by_id);
  if (auto value = records.get(family::events, by_id_key(key, org, id))) return decode_seq(*value);
  if (!id_window::holds_time(id)) return {};
  auto window = records.get(family::events, id_window::key(key, org, id_window::number_of(id)));
  return window ? id_window::find(*window, id) : std::nullopt;
}

void get_event(const record_reader& records, schema::Query::Reader query, schema::QueryResult::Builder out) {
  uuid id{query.getGetEvent().getHigh(), query.getGetEvent().getLow()};
  auto found = seq_of(records, view_of(query.getOrg()), id);
  if (!found) return out.setNothing();
  auto seq = *found;
  bool there = false;
  each_block(records, seq, [&](const block& of) {
    there = of.holds(seq);
    if (there) write_events({{seq, encode_event(of.event_at(seq))}}, out);
    return false;
  });
  if (!there) throw machine_fault("event " + std::to_string(seq.value) + " is indexed but not stored");
}

// What of the index is asked for.
newest_first::bounds bounds_of(schema::ListEvents::Reader asked) {
  newest_first::bounds within;
  auto filter = asked.getFilter();
  if (filter.getSinceUs() != 0) within.since_us = filter.getSinceUs();
  if (filter.getUntilUs() != 0) within.before = {filter.getUntilUs(), event_seq()};
  if (asked.getBeforeTimeUs() != 0 || asked.getBeforeSeq() != 0) {
    newest_first::place cursor{asked.getBeforeTimeUs(), event_seq(asked.getBeforeSeq())};
    within.before = within.before ? std::min(*within.before, cursor) : cursor;
  }
  return within;
}

void list_events(const record_reader& records, schema::Query::Reader query,
                 schema::QueryResult::Builder out) {
  auto asked = query.getListEvents();
  filter wanted(asked.getFilter());
  if (auto& wrong = wanted.complaint())
    return refuse(out, errc::invalid_argument, wrong->second, wrong->first);
  page bounds(asked.getLimit());
  std::vector<found> items;
  std::pair<std::int64_t, std::uint64_t> scanned{asked.getBeforeTimeUs(), asked.getBeforeSeq()};
  bool more = false;
  newest_first events(records, index_prefix(view_of(query.getOrg()), asked.getFilter()), bounds_of(asked),
                      member_of(asked.getFilter()));
  events.walk([&](const newest_first::place& at, schema::Event::Reader event) {
    more = !bounds.look();
    if (more) return false;
    if (wanted.matches(event)) {
      auto bytes = encode_event(event);
      more = !bounds.take(bytes.size());
      if (more) return false;
      items.push_back({at.seq, std::move(bytes)});
    }
    scanned = {at.time_us, at.seq.value};
    return true;
  });
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
  auto take = [&](event_seq seq, schema::Event::Reader event) {
    more = !bounds.look();
    if (more) return false;
    bool wanted = (org.empty() || view_of(event.getOrg()) == org) &&
                  (agent.empty() || view_of(event.getAgentId()) == agent) &&
                  (team.empty() || view_of(event.getTeam()) == team);
    if (wanted) {
      auto bytes = encode_event(event);
      more = !bounds.take(bytes.size());
      if (more) return false;
      items.push_back({seq, std::move(bytes)});
    }
    scanned = seq.value;
    return true;
  };
  if (scanned != std::numeric_limits<std::uint64_t>::max())
    each_block(records, event_seq(scanned + 1), [&](const block& of) {
      for (unsigned slot = 0; slot < of.size(); ++slot)
        if (of.seq(slot).value > asked.getAfterSeq() && !take(of.seq(slot), of.event(slot))) return false;
      return true;
    });
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
    case which::READ_ROLLUPS:
    case which::READ_FILTERED_CELLS: return true;
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
    case which::READ_FILTERED_CELLS: return read_filtered_cells(records, query, out);
    default: return out.setPosition();
  }
}

}  // namespace troupe::events
