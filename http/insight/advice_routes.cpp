// Advice on spending less: each with its arithmetic and its evidence. Estimates say what they assume.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

using schema::CellField;

constexpr std::int64_t calls_min = 20;
// Providers cache prompts from this size on.
constexpr double cacheable_input_min = 1'024;
constexpr double cache_share_low = 0.5, cache_reachable = 0.5;
constexpr double short_input = 2'000, short_output = 200;
constexpr std::int64_t errors_min = 5;
constexpr double failing_from = 0.1, concentrated_from = 0.5;
constexpr std::size_t agents_min = 3, advice_of_a_kind_max = 5;
constexpr double nano_per_1m = 1e-9;  // prices are nano USD per 1M tokens

struct advice {
  std::string_view kind;
  std::string subject, title, arithmetic, evidence;  // subject and evidence are JSON
  std::optional<double> saving_usd;
};

std::string decimal(double value, int digits) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// What one agent spent on one model. Names: agent, model, provider.
struct spending {
  const cell_group& group;
  const ingest::price_rule* price;

  const std::string& agent() const { return group.names[0]; }
  const std::string& model() const { return group.names[1]; }
  const rollup& sums() const { return group.total; }
  double per_call(std::int64_t tokens) const {
    return static_cast<double>(tokens) / static_cast<double>(std::max<std::int64_t>(sums().hits, 1));
  }
  double uncached() const {
    auto& t = sums().tokens;
    return static_cast<double>(std::max<std::int64_t>(t.input - t.cache_read - t.cache_write, 0));
  }
  std::string subject() const {
    std::string out;
    object_writer w(out);
    w.text("agent_id", agent()).text("model", model());
    w.end();
    return out;
  }
};

std::optional<advice> advise_caching(const spending& s) {
  auto& t = s.sums().tokens;
  if (!s.price || s.price->none || s.sums().hits < calls_min || t.input == 0) return {};
  auto share = static_cast<double>(t.cache_read) / static_cast<double>(t.input);
  auto input = static_cast<double>(s.price->prices.input) * nano_per_1m;
  auto cached = static_cast<double>(s.price->prices.cache_read) * nano_per_1m;
  if (share >= cache_share_low || cached >= input || s.per_call(t.input) < cacheable_input_min) return {};
  auto saving = s.uncached() / 1e6 * (input - cached) * cache_reachable;
  advice a{"cache_prompts", s.subject(), "Let " + s.agent() + " cache its prompts to " + s.model(), {}, {},
           saving};
  a.arithmetic = concat(
      {decimal(s.uncached(), 0), " uncached input tokens x (", decimal(input, 4), " - ", decimal(cached, 4),
       ") USD per 1M x 50 % that could come from the cache = ", decimal(saving, 6), " USD"});
  object_writer w(a.evidence);
  w.number("calls", s.sums().hits).number("input", t.input);
  w.number("uncached_input", static_cast<std::int64_t>(s.uncached())).number("cache_read", t.cache_read);
  w.real("cache_read_share", ratio(share, 1)).real("price_input_usd_per_1m", ratio(input, 1));
  w.real("price_cache_read_usd_per_1m", ratio(cached, 1)).real("reachable_share", cache_reachable);
  w.end();
  return a;
}

// The cheapest model that the organisation uses already, for the same tokens.
std::optional<advice> advise_smaller(const spending& s, const std::vector<spending>& all) {
  auto& t = s.sums().tokens;
  if (!s.price || s.price->none || s.sums().hits < calls_min) return {};
  if (s.per_call(t.input) > short_input || s.per_call(t.output) > short_output) return {};
  auto own = usd(ingest::cost_nano_usd(t, *s.price));
  const spending* best = nullptr;
  double best_cost = own;
  for (auto& other : all) {
    if (!other.price || other.price->none || other.model() == s.model() || other.sums().hits < calls_min)
      continue;
    auto cost = usd(ingest::cost_nano_usd(t, *other.price));
    if (cost < best_cost) best = &other, best_cost = cost;
  }
  if (!best || own - best_cost < 0.2 * own) return {};
  auto saving = own - best_cost;
  advice a{
      "smaller_model", s.subject(), "Try " + best->model() + " for the short calls of " + s.agent(), {}, {},
      saving};
  a.arithmetic = concat({std::to_string(s.sums().hits), " calls of ", decimal(s.per_call(t.input), 0),
                         " and ", decimal(s.per_call(t.output), 0), " tokens on average: ", decimal(own, 6),
                         " USD at the price of ", s.model(), " - ", decimal(best_cost, 6), " USD at that of ",
                         best->model(), " = ", decimal(saving, 6), " USD"});
  object_writer w(a.evidence);
  w.number("calls", s.sums().hits).real("input_per_call", ratio(s.per_call(t.input), 1));
  w.real("output_per_call", ratio(s.per_call(t.output), 1)).text("other_model", best->model());
  w.real("cost_usd", ratio(own, 1)).real("other_cost_usd", ratio(best_cost, 1));
  w.end();
  return a;
}

std::optional<advice> advise_failing(const spending& s) {
  auto& r = s.sums();
  auto rate = static_cast<double>(r.errors) / static_cast<double>(std::max<std::int64_t>(r.count, 1));
  if (r.errors < errors_min || rate < failing_from || r.cost_nano_usd == 0) return {};
  auto cost = usd(r.cost_nano_usd);
  advice a{
      "failing_calls", s.subject(), "Look at the failing calls of " + s.agent() + " to " + s.model(), {}, {},
      cost * rate};
  a.arithmetic = concat({std::to_string(r.errors), " of ", std::to_string(r.count), " calls failed (",
                         decimal(100 * rate, 1), " %) x ", decimal(cost, 6),
                         " USD = ", decimal(cost * rate, 6), " USD if they cost as much as the others"});
  object_writer w(a.evidence);
  w.number("calls", r.count)
      .number("errors", r.errors)
      .real("error_rate", ratio(rate, 1))
      .real("cost_usd", cost);
  w.end();
  return a;
}

std::optional<advice> advise_concentrated(const std::vector<spending>& all) {
  std::map<std::string, double> by_agent;
  double total = 0;
  for (auto& s : all)
    by_agent[s.agent()] += usd(s.sums().cost_nano_usd), total += usd(s.sums().cost_nano_usd);
  if (by_agent.size() < agents_min || total <= 0) return {};
  auto top = std::max_element(by_agent.begin(), by_agent.end(),
                              [](auto& a, auto& b) { return a.second < b.second; });
  auto share = top->second / total;
  if (share < concentrated_from) return {};
  advice a{"concentrated_cost", {}, top->first + " spends most", {}, {}, {}};
  object_writer subject(a.subject);
  subject.text("agent_id", top->first);
  subject.end();
  a.arithmetic =
      concat({decimal(top->second, 6), " of ", decimal(total, 6), " USD = ", decimal(100 * share, 1),
              " %, of ", std::to_string(by_agent.size()), " agents"});
  object_writer w(a.evidence);
  w.real("cost_usd", ratio(top->second, 1)).real("total_usd", ratio(total, 1)).real("share", ratio(share, 1));
  w.number("agents", static_cast<std::int64_t>(by_agent.size()));
  w.end();
  return a;
}

std::vector<advice> advise(const cell_table& by_model, const ingest::price_table& prices, std::int64_t now) {
  std::vector<spending> all;
  for (auto& g : by_model.groups)
    if (!g.names[1].empty()) all.push_back({g, prices.find(g.names[2], g.names[1], now)});
  std::vector<advice> out;
  auto add = [&](std::optional<advice> a) {
    if (a) out.push_back(std::move(*a));
  };
  for (auto& s : all) {
    add(advise_caching(s));
    add(advise_smaller(s, all));
    add(advise_failing(s));
  }
  add(advise_concentrated(all));
  std::stable_sort(out.begin(), out.end(),
                   [](auto& a, auto& b) { return a.saving_usd.value_or(0) > b.saving_usd.value_or(0); });
  std::map<std::string_view, std::size_t> of_kind;
  std::erase_if(out, [&](auto& a) { return ++of_kind[a.kind] > advice_of_a_kind_max; });
  return out;
}

void token_advice(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {});
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto q = usage_question(p.window(), p.names(), {CellField::AGENT, CellField::MODEL, CellField::PROVIDER});
  ask_cells(api, r, back, {q}, [&api, back, window = p.window()](cell_tables& t) {
    std::string out;
    object_writer w(out);
    window.write(w);
    write_list("items", advise(t[0], *api.prices, now_us()), w, [](object_writer& o, const advice& a) {
      o.text("kind", a.kind)
          .raw("subject", a.subject)
          .text("title", a.title)
          .text("arithmetic", a.arithmetic);
      o.real("saving_usd", a.saving_usd ? ratio(*a.saving_usd, 1) : std::nullopt).raw("evidence", a.evidence);
    });
    w.flag("complete", all_complete(t) && t[0].other_keys == 0);
    w.end();
    back(response::json(std::move(out)));
  });
}

}  // namespace

void add_advice_routes(api_context& api, std::vector<route>& to) {
  to.push_back({verb::get,
                "/api/v2/tokens/advice",
                permission::read,
                [&api](const request_ptr& r, const responder& back) { token_advice(api, r, back); },
                {"tokensAdvice",
                 "Insight",
                 "How to spend less",
                 "Largest saving first, at most 5 of a kind, each with its arithmetic, its evidence, and "
                 "what it assumes.",
                 insight_docs({}),
                 {},
                 {{200, "The advice.", {{"application/json", "TokensAdvice", {}}}}}}});
}

}  // namespace troupe::http
