#include "http/insight/trace_list.hpp"

#include <algorithm>
#include <set>

#include "http/insight/figures.hpp"
#include "http/insight/narrowing.hpp"
#include "http/insight/together.hpp"
#include "http/routes/cursor.hpp"
#include "http/routes/event_merge.hpp"
#include "protocol/event_type.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellOrder;
using schema::Cube;

constexpr char trace_pages = 't';
// Of a shard: to choose from, and only to tell how many there are.
constexpr std::uint32_t traces_ranked = 1'500, traces_counted = 300;
// Events that are looked at for one page: so many rounds, of so many events for each trace that is wanted.
constexpr int rounds_max = 6;
constexpr std::size_t events_of_a_trace = 8;
constexpr std::size_t figures_max = 100'000;
constexpr std::int64_t figures_back_us = 24 * insight_hour_us;

struct trace_row {
  std::string id;
  std::vector<std::string> agents;
  rollup sum;

  std::int64_t duration_us() const { return sum.extent.last_us - sum.extent.first_us; }
};

struct trace_request {
  insight_window window;
  insight_names names;
  CellOrder order = CellOrder::LAST;
  std::size_t limit = 0;
  std::optional<event_place> before;
};

std::int64_t rank_of(const trace_row& t, CellOrder order) {
  switch (order) {
    case CellOrder::DURATION: return t.duration_us();
    case CellOrder::ERRORS: return t.sum.errors;
    case CellOrder::COST: return t.sum.cost_nano_usd;
    default: return t.sum.extent.last_us;
  }
}

trace_row row_of(const std::string& id, const std::vector<trace_part>& parts) {
  trace_row row{id, {}, {}};
  for (auto& part : parts) row.agents.push_back(part.agent), row.sum.add(part.figures);
  return row;
}

cell_question sample_question(const trace_request& ask, std::uint32_t traces) {
  cell_question q{.cube = Cube::TRACE, .by = {}, .window = ask.window};
  // Whether an agent took part is looked up among all that did.
  auto of_all_agents = ask.names;
  of_all_agents.agent.clear();
  narrow(q, of_all_agents);
  q.sample = traces;
  return q;
}

// Whether a sample has all events of its traces.
bool is_of_all_events(insight_names names) {
  names.agent.clear();
  return names.none();
}
// Whether events are asked for that cells of traces cannot tell from the others.
bool narrows_events(insight_names names) {
  names.team.clear();
  return !is_of_all_events(std::move(names));
}

// Of whole traces, by agent and team.
template <class Ids>
cell_question figures_question(const insight_window& window, const Ids& ids) {
  cell_question q{
      .cube = Cube::TRACE, .by = {CellField::TRACE, CellField::AGENT, CellField::TEAM}, .window = window};
  for (auto& id : ids) q.where.emplace_back(CellField::TRACE, id);
  q.limit = figures_max;
  return q;
}

// Those of a sample that are asked for.
std::vector<trace_row> rows_of(const cell_table& sample, const std::string& agent) {
  std::vector<trace_row> rows;
  for (auto& [id, parts] : parts_by_trace(sample)) {
    auto row = row_of(id, parts);
    if (agent.empty() || std::find(row.agents.begin(), row.agents.end(), agent) != row.agents.end())
      rows.push_back(std::move(row));
  }
  return rows;
}

struct trace_page {
  std::vector<trace_row> rows;
  std::optional<cursor> next;
  std::int64_t count = 0;  // of all, as the sample has it
  bool complete;
  double rate;

  // The first table is the sample.
  explicit trace_page(const cell_tables& t) : complete(all_complete(t)), rate(t[0].rate) {}
};

response answer_of(const trace_request& ask, const trace_page& page) {
  std::string out;
  object_writer w(out);
  ask.window.write(w);
  write_list("items", page.rows, w, [](object_writer& o, const trace_row& row) {
    o.text("trace_id", row.id);
    write_trace_sums(o, row.sum, row.agents);
  });
  object_writer total(w.name("total"));
  total.number("traces", page.count);
  total.end();
  w.text_or_null("next_cursor", page.next ? page.next->encode() : std::string());
  w.flag("complete", page.complete);
  write_sampled(page.rate, w);
  w.end();
  return response::json(std::move(out));
}

response ranked_answer(const trace_request& ask, trace_page page) {
  page.count = scaled(static_cast<std::int64_t>(page.rows.size()), page.rate);
  std::stable_sort(page.rows.begin(), page.rows.end(),
                   [&](auto& a, auto& b) { return rank_of(a, ask.order) > rank_of(b, ask.order); });
  if (page.rows.size() > ask.limit) page.rows.resize(ask.limit);
  return answer_of(ask, page);
}

void list_ranked(api_context& api, const request_ptr& r, const responder& back, const trace_request& ask) {
  ask_cells(api, r, back, {sample_question(ask, traces_ranked)}, [&api, r, back, ask](cell_tables& t) {
    trace_page page(t);
    page.rows = rows_of(t[0], ask.names.agent);
    if (page.rows.empty() || is_of_all_events(ask.names)) return back(ranked_answer(ask, std::move(page)));
    // Those were counted of some of their events: they are ranked by what all of them say.
    std::vector<std::string> ids;
    for (auto& row : page.rows) ids.push_back(row.id);
    ask_cells(api, r, back, {figures_question(ask.window, ids)}, [back, ask, page](cell_tables& whole) {
      auto all = page;
      all.complete = all.complete && all_complete(whole);
      auto parts = parts_by_trace(whole[0]);
      for (auto& row : all.rows)
        if (auto known = parts.find(row.id); known != parts.end()) row = row_of(row.id, known->second);
      back(ranked_answer(ask, std::move(all)));
    });
  });
}

// Walks the events from the newest on, a round at a time, until it has met enough traces; then asks for their figures.
class newest_traces : public std::enable_shared_from_this<newest_traces> {
 public:
  newest_traces(api_context& api, request_ptr r, responder back, trace_request ask)
      : api_(api), request_(std::move(r)), back_(std::move(back)), ask_(std::move(ask)), at_(ask_.before) {}

  void walk() {
    const auto& agent = ask_.names.agent;
    auto shards = agent.empty() ? api_.actors.entity_shards()
                                : std::vector{api_.actors.shard_of_agent(request_->who.org, agent)};
    run_query_each(api_, consistency_of(*request_), back_, std::move(shards), question(),
                   [self = shared_from_this()](const results& found) { self->take(found); });
  }

 private:
  // What the events of a trace that were met say of it.
  struct met {
    trace_row row;
    std::set<std::string> agents;
  };

  std::size_t wanted_events() const {
    return std::min<std::size_t>(ask_.limit * events_of_a_trace, limits::page_items_max);
  }

  std::string question() const {
    query_builder query(request_->who.org);
    auto list = query->initListEvents();
    auto filter = list.initFilter();
    fill(filter, ask_.names);
    filter.setSinceUs(ask_.window.from_us);
    filter.setUntilUs(ask_.window.until_us);
    // One more: a shard may give again the place where the round before ended.
    list.setLimit(static_cast<std::uint32_t>(wanted_events()) + 1);
    if (at_) list.setBeforeTimeUs(at_->time_us), list.setBeforeSeq(at_->seq + 1);
    return query.bytes();
  }

  void take(const results& found) {
    auto page = merge_events(found, at_, wanted_events());
    for (const auto& item : page.items) {
      auto id = view_of(item.event.getTraceId());
      if (id.empty()) continue;
      if (!met_.contains(id)) {
        if (order_.size() == ask_.limit) return figures();
        order_.emplace_back(id);
      }
      see(met_[std::string(id)], item.event);
      at_ = item.at;
    }
    at_ = page.next;
    if (!at_ || order_.size() == ask_.limit || ++round_ == rounds_max) return figures();
    walk();
  }

  static void see(met& m, schema::Event::Reader e) {
    auto& sum = m.row.sum;
    auto end = e.getTimeUs();
    ++sum.count;
    sum.errors += is_error(e) ? 1 : 0;
    sum.add_cost(e.getCostNanoUsd());
    if (e.hasTokens()) sum.tokens.add(e.getTokens()), ++sum.hits;
    sum.extent.add_span(end - std::max<std::int64_t>(e.getDurationUs(), 0), end);
    m.agents.emplace(view_of(e.getAgentId()));
  }

  void figures() {
    std::vector<cell_question> ask{sample_question(ask_, traces_counted)};
    if (!order_.empty()) {
      auto oldest = ask_.window.until_us;
      for (auto& id : order_) oldest = std::min(oldest, met_[id].row.sum.extent.last_us);
      auto window = ask_.window;
      window.from_us = std::max(window.from_us, oldest - figures_back_us);
      ask.push_back(figures_question(window, order_));
    }
    ask_cells(api_, request_, back_, std::move(ask), [self = shared_from_this()](cell_tables& t) {
      self->tables_ = std::move(t);
      if (!self->order_.empty()) self->parts_ = parts_by_trace(self->tables_[1]);
      self->sift(0);
    });
  }

  enum class earlier : std::uint8_t { no, yes, perhaps };

  // Was it on a page before this one, by an event that is newer than where this page begins? Figures are those of whole
  // hours: they cannot tell if the trace went on behind the window's end.
  earlier listed(const std::string& id) const {
    auto parts = parts_.find(id);
    if (!ask_.before || parts == parts_.end()) return earlier::no;
    std::int64_t last_us = 0;
    for (auto& p : parts->second)
      if ((ask_.names.agent.empty() || p.agent == ask_.names.agent) &&
          (ask_.names.team.empty() || p.team == ask_.names.team))
        last_us = std::max(last_us, p.figures.extent.last_us);
    if (last_us < ask_.before->time_us) return earlier::no;
    // The newest of all its events may be none of those that are asked for.
    bool tells = last_us > ask_.before->time_us && last_us < ask_.window.until_us;
    return tells && !narrows_events(ask_.names) ? earlier::yes : earlier::perhaps;
  }

  // Goes through what was met, from this one on; asks for the events of those that only they can tell about.
  void sift(std::size_t from) {
    for (auto i = from; i < order_.size(); ++i) {
      auto was = listed(order_[i]);
      if (was == earlier::no) shown_.push_back(order_[i]);
      if (was == earlier::perhaps) return ask_events(i);
    }
    back_(answer_of(ask_, page()));
  }

  void ask_events(std::size_t i) {
    query_builder query(request_->who.org);
    auto list = query->initListEvents();
    auto filter = list.initFilter();
    fill(filter, ask_.names);
    filter.setTraceId(order_[i]);
    filter.setSinceUs(ask_.before->time_us);
    filter.setUntilUs(ask_.window.until_us);
    list.setLimit(limits::page_items_max);
    run_query_each(api_, consistency_of(*request_), back_, api_.actors.entity_shards(), query.bytes(),
                   [self = shared_from_this(), i](const results& found) {
                     auto newer = merge_events(found, {}, 1);
                     bool was = !newer.items.empty() && newer.items[0].at >= *self->ask_.before;
                     if (!was) self->shown_.push_back(self->order_[i]);
                     self->sift(i + 1);
                   });
  }

  trace_page page() {
    trace_page page(tables_);
    page.count = scaled(static_cast<std::int64_t>(rows_of(tables_[0], ask_.names.agent).size()), page.rate);
    if (at_) page.next = cursor{trace_pages, at_->time_us, at_->seq, at_->shard};
    for (auto& id : shown_) {
      auto parts = parts_.find(id);
      // Figures of a trace are not kept if there are very many: then those of the events at hand must do.
      bool is_kept = parts != parts_.end();
      page.complete = page.complete && is_kept;
      auto& m = met_[id];
      m.row.id = id;
      m.row.agents.assign(m.agents.begin(), m.agents.end());
      page.rows.push_back(is_kept ? row_of(id, parts->second) : m.row);
    }
    return page;
  }

  api_context& api_;
  const request_ptr request_;
  const responder back_;
  const trace_request ask_;
  std::optional<event_place> at_;
  int round_ = 0;
  std::vector<std::string> order_;  // as they were met
  std::map<std::string, met, std::less<>> met_;
  cell_tables tables_;
  std::map<std::string, std::vector<trace_part>> parts_;
  std::vector<std::string> shown_;
};

}  // namespace

void write_trace_sums(object_writer& to, const rollup& sum, const std::vector<std::string>& agents) {
  to.time("started_at", sum.extent.first_us).time("ended_at", sum.extent.last_us);
  to.decimal("duration_ms", sum.extent.last_us - sum.extent.first_us, 3).texts("agents", agents);
  to.number("events", sum.count).number("errors", sum.errors).number("calls", sum.hits);
  write_token_counts(sum.tokens, to);
  to.decimal("cost_usd", sum.cost_nano_usd, 9);
}

void list_traces(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"limit", "order", "cursor"});
  trace_request ask;
  ask.window = p.window();
  ask.names = p.names();
  ask.limit = p.fields().limit(50);
  auto name = p.fields().choice("order", {"newest", "slowest", "costliest", "errors"});
  if (name == "slowest") ask.order = CellOrder::DURATION;
  if (name == "costliest") ask.order = CellOrder::COST;
  if (name == "errors") ask.order = CellOrder::ERRORS;
  if (auto text = r->parameter("cursor")) {
    auto at = parse_cursor(*text, trace_pages);
    if (!at || ask.order != CellOrder::LAST)
      p.fields().refuse("cursor", "is no cursor of this list: only the newest have further pages");
    else
      ask.before = event_place{at->time_us, at->seq, at->shard};
  }
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  if (ask.order == CellOrder::LAST)
    std::make_shared<newest_traces>(api, r, back, std::move(ask))->walk();
  else
    list_ranked(api, r, back, ask);
}

}  // namespace troupe::http
