// One trace as a waterfall, and the paths of traces.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <set>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/trace_list.hpp"
#include "http/insight/waterfall.hpp"
#include "http/routes/common_docs.hpp"
#include "http/routes/event_merge.hpp"
#include "protocol/event_type.hpp"
#include "protocol/uuid.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t spans_max = 2'000;

// --- one trace

std::string name_of(schema::Event::Reader e) {
  boost::json::error_code ec;
  auto attributes = boost::json::parse(std::string(view_of(e.getAttributes())), ec);
  if (!ec && attributes.is_object())
    if (auto* name = attributes.get_object().if_contains("otel.name"); name && name->is_string())
      return std::string(name->get_string().c_str());
  for (auto text : {e.getTool(), e.getModel(), e.getTier()})
    if (text.size() != 0) return std::string(view_of(text));
  return event_type_name(e.getType(), view_of(e.getCustomName()));
}

void write_span(object_writer& w, const trace_span& s, schema::Event::Reader e, std::int64_t begin_us) {
  w.text("event_id", to_string(uuid{e.getId().getHigh(), e.getId().getLow()}));
  w.text_or_null("span_id", s.span_id).text_or_null("parent_span_id", s.parent_span_id);
  if (s.parent)
    w.number("parent", static_cast<std::int64_t>(*s.parent));
  else
    w.raw("parent", "null");
  w.number("depth", static_cast<std::int64_t>(s.depth)).text("name", name_of(e));
  w.text("type", event_type_name(e.getType(), view_of(e.getCustomName()))).text("agent_id", s.agent);
  if (e.getStatus() == schema::EventStatus::UNSET)
    w.raw("status", "null");
  else
    w.text("status", event_status_name(e.getStatus()));
  w.text_or_null("error", view_of(e.getError()));
  w.time("started_at", s.start_us).decimal("start_ms", s.start_us - begin_us, 3);
  w.decimal("duration_ms", s.end_us - s.start_us, 3).decimal("self_ms", s.self_us, 3);
  w.text_or_null("model", view_of(e.getModel())).text_or_null("tool", view_of(e.getTool()));
  w.text_or_null("tier", view_of(e.getTier()));
  token_counts tokens;
  if (e.hasTokens()) {
    tokens.add(e.getTokens());
    write_token_counts(tokens, w);
  } else {
    w.raw("tokens", "null");
  }
  if (e.getCostSource() == schema::CostSource::NONE)
    w.raw("cost_usd", "null");
  else
    w.decimal("cost_usd", e.getCostNanoUsd(), 9);
  w.flag("across_agents", s.across_agents);
}

void write_trace(const std::string& id, const event_page& page, std::string& out) {
  rollup sum;
  std::vector<trace_span> spans;
  std::set<std::string> agents;
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    auto e = page.items[i].event;
    auto end = e.getTimeUs(), start = end - std::max<std::int64_t>(e.getDurationUs(), 0);
    ++sum.count;
    sum.errors += is_error(e) ? 1 : 0;
    sum.add_cost(e.getCostNanoUsd());
    if (e.hasTokens()) sum.tokens.add(e.getTokens()), ++sum.hits;
    sum.extent.add_span(start, end);
    agents.insert(std::string(view_of(e.getAgentId())));
    trace_span span{std::string(view_of(e.getSpanId())), std::string(view_of(e.getParentSpanId())),
                    std::string(view_of(e.getAgentId()))};
    span.start_us = start, span.end_us = end, span.event = i;
    spans.push_back(std::move(span));
  }
  auto drawn = lay_out(std::move(spans));
  object_writer w(out);
  w.text("trace_id", id);
  write_trace_sums(w, sum, {agents.begin(), agents.end()});
  w.flag("truncated", page.next.has_value());
  write_list("spans", drawn, w, [&](object_writer& o, const trace_span& s) {
    write_span(o, s, page.items[s.event].event, sum.extent.first_us);
  });
  w.end();
}

void get_trace(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  auto id = r->captures.at(0);
  query_builder query(r->who.org);
  auto list = query->initListEvents();
  list.initFilter().setTraceId(id);
  list.setLimit(limits::page_items_max);
  run_query_each(api, consistency_of(*r), back, api.actors.entity_shards(), query.bytes(),
                 [back, id](const results& found) {
                   auto page = merge_events(found, {}, spans_max);
                   if (page.items.empty())
                     return back(problem_response(errc::not_found, "There is no event of this trace."));
                   std::string out;
                   write_trace(id, page, out);
                   auto answer = response::json(std::move(out));
                   add_read_index(answer, found);
                   back(std::move(answer));
                 });
}

}  // namespace

void add_trace_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  to.push_back(
      {verb::get,
       "/api/v2/traces",
       permission::read,
       bound(list_traces),
       {"listTraces",
        "Insight",
        "Traces",
        "Newest first, by their latest event in the window, page by page; figures are those of the whole "
        "hours that "
        "the window touches, at most 24 before the oldest trace of the page. In the other orders the first "
        "of all "
        "traces, or if there are too many, of a sample of them: 'sampled' says of which share; there are no "
        "further "
        "pages. A page may be shorter than 'limit' although there are more. Of what narrows the events, a "
        "trace "
        "has one that meets all of it; its figures are those of all its events.",
        insight_docs(
            {"limit"},
            {{"order", "query",
              R"({"type":"string","enum":["newest","slowest","costliest","errors"],"default":"newest"})",
              "Which come first."},
             {"cursor", "query", docs::text,
              "Of the page before: its next_cursor. Keep the window's end the same."}}),
        {},
        {{200, "The traces.", {{"application/json", "TraceList", {}}}}}}});
  to.push_back({verb::get,
                "/api/v2/traces/{id}",
                permission::read,
                bound(get_trace),
                {"getTrace",
                 "Insight",
                 "One trace as a waterfall",
                 "Its spans in drawing order. At most 2000.",
                 {{"id", "path", docs::id, "The trace."}, docs::consistency},
                 {},
                 {{200, "The trace.", {{"application/json", "Trace", {}}}}}}});
}

}  // namespace troupe::http
