// Rollups: figures per span of time, added up over all shards.
#include <map>

#include "http/routes/all_routes.hpp"
#include "http/routes/common_docs.hpp"
#include "http/routes/cursor.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/records_json.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::int64_t second_us = 1'000'000;

struct span {
  std::string_view name;
  schema::Resolution resolution;
  std::int64_t default_us;  // back from now, when since is not given
};

constexpr span spans[] = {
    {"minute", schema::Resolution::MINUTE, 3600 * second_us},
    {"hour", schema::Resolution::HOUR, 48 * 3600 * second_us},
    {"day", schema::Resolution::DAY, 90LL * 86400 * second_us},
};

schema::Dimension dimension_of(std::string_view by) {
  if (by == "agent") return schema::Dimension::AGENT;
  if (by == "model") return schema::Dimension::MODEL;
  if (by == "tool") return schema::Dimension::TOOL;
  if (by == "tier") return schema::Dimension::TIER;
  return schema::Dimension::ALL;
}

using place = std::pair<std::int64_t, std::string>;  // time, key

struct rollup_page {
  std::string items;
  std::optional<place> next;  // the first row that is not in it
};

rollup_page merge_rollups_page(const results& found, std::size_t limit) {
  std::map<place, rollup> sums;
  std::optional<place> horizon;  // the first row that some shard has not added to
  for (const auto& f : found) {
    if (f.isRollups()) {
      for (auto item : f.getRollups()) {
        sums[{item.getTimeUs(), std::string(view_of(item.getKey()))}].add(item.getRollup());
      }
    }
    if (!f.getMore()) continue;
    place end{f.getScannedToTimeUs(), std::string(view_of(f.getScannedToId()))};
    if (!horizon || end < *horizon) horizon = end;
  }
  rollup_page page;
  page.next = horizon;
  std::size_t count = 0;
  for (const auto& [at, sum] : sums) {
    if (horizon && at >= *horizon) break;
    if (count++ == limit) {
      page.next = at;
      break;
    }
    if (!page.items.empty()) page.items += ',';
    write_rollup_json(at.first, at.second, sum, page.items);
  }
  return page;
}

void read_rollups(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {"resolution", "by", "key", "since", "until", "limit", "cursor"});
  auto resolution = q.choice("resolution", {"hour", "minute", "day"});
  auto by = q.choice("by", {"all", "agent", "model", "tool", "tier"});
  auto key = q.text("key");
  auto limit = r->parameter("limit") ? q.limit() : limits::page_items_max;
  const span* s = &spans[0];
  for (const auto& each : spans) s = each.name == resolution ? &each : s;

  query_builder query(r->who.org);
  auto ask = query->initReadRollups();
  auto until = q.time_us("until");
  ask.setResolution(s->resolution);
  ask.setDimension(dimension_of(by));
  ask.setKey(std::string(key));
  ask.setUntilUs(until.value_or(0));
  ask.setSinceUs(q.time_us("since").value_or(until.value_or(now_us()) - s->default_us));
  ask.setLimit(limit);
  if (auto text = r->parameter("cursor")) {
    auto at = parse_cursor(*text, 'r');
    if (!at) q.refuse("cursor", "is no cursor of this list");
    if (at) ask.setSinceUs(at->time_us);
    // One key has one row a span; with many, the rows of this span from this key on.
    if (at && by != "all" && key.empty()) ask.setFromKey(at->text);
  }
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  auto done = [r, back, resolution, by, limit](const results& found) {
    auto page = merge_rollups_page(found, limit);
    std::optional<cursor> next;
    if (page.next) next = cursor{'r', page.next->first, 0, 0, page.next->second};
    auto answer = list_response(*r, page.items, next);
    answer.body.insert(1, concat({"\"resolution\":\"", resolution, "\",\"by\":\"", by, "\","}));
    add_read_index(answer, found);
    back(std::move(answer));
  };
  // Figures of an agent live in its shard alone.
  auto shards = by == "agent" && !key.empty() ? std::vector{api.actors.shard_of_agent(r->who.org, key)}
                                              : api.actors.entity_shards();
  run_query_each(api, consistency_of(*r), back, std::move(shards), query.bytes(), done);
}

}  // namespace

void add_rollup_routes(api_context& api, std::vector<route>& to) {
  to.push_back(
      {verb::get,
       "/api/v2/rollups",
       permission::read,
       [&api](const request_ptr& r, const responder& back) { read_rollups(api, r, back); },
       {"readRollups",
        "Rollups",
        "Figures per minute, hour or day",
        "Counts, errors, durations, tokens and cost, oldest first. Percentiles are within 1/128 of their "
        "value.",
        {{"resolution", "query", R"({"type":"string","enum":["minute","hour","day"],"default":"hour"})",
          "Length of a span."},
         {"by", "query", R"({"type":"string","enum":["all","agent","model","tool","tier"],"default":"all"})",
          "One row per span, or one per span and key of this kind."},
         {"key", "query", docs::text, "Only this agent, model, tool or tier."},
         docs::since("First span; by default 60 minutes, 48 hours or 90 days back."),
         docs::until("Before this time."),
         docs::limit,
         docs::cursor,
         docs::consistency},
        {},
        {{200, "The figures.", {{"application/json", "RollupList", {}}}}}}});
}

}  // namespace troupe::http
