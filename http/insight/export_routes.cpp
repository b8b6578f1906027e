// Export of analytics: one table of all sections as CSV, or a JSON object of them.
#include <algorithm>

#include "http/insight/csv.hpp"
#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"
#include "http/server/text.hpp"
#include "protocol/cells.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellOrder;
using schema::Cube;

constexpr double default_hours = 30 * 24;
constexpr std::size_t rows_max = 5'000;  // of a day, or of a section

enum class section : std::uint8_t { token_usage, knowledge, memory_tiers, cost };
constexpr section sections[] = {section::token_usage, section::knowledge, section::memory_tiers,
                                section::cost};

std::string_view to_string(section s) {
  switch (s) {
    case section::token_usage: return "token_usage";
    case section::knowledge: return "knowledge";
    case section::memory_tiers: return "memory_tiers";
    default: return "cost";
  }
}

// Every column of the table; a section leaves those empty that it has not.
constexpr std::string_view text_columns[] = {"agent_id", "team", "model", "tool", "tier", "knowledge_id"};

struct number_column {
  std::string_view name;
  std::int64_t (*value)(const rollup&);
  int digits = 0;  // behind the point
  bool (*is_there)(const rollup&) = [](const rollup&) { return true; };
};
constexpr number_column number_columns[] = {
    {"events", [](const rollup& r) { return r.count; }},
    {"errors", [](const rollup& r) { return r.errors; }},
    {"calls", [](const rollup& r) { return r.hits; }},
    {"input_tokens", [](const rollup& r) { return r.tokens.input; }},
    {"output_tokens", [](const rollup& r) { return r.tokens.output; }},
    {"cache_read_tokens", [](const rollup& r) { return r.tokens.cache_read; }},
    {"cache_write_tokens", [](const rollup& r) { return r.tokens.cache_write; }},
    {"reasoning_tokens", [](const rollup& r) { return r.tokens.reasoning; }},
    {"cost_usd", [](const rollup& r) { return r.cost_nano_usd; }, 9},
    {"hits", [](const rollup& r) { return r.hits; }},
    {"avg_ms", [](const rollup& r) { return r.duration_sum_us / r.timed; }, 3,
     [](const rollup& r) { return r.timed > 0; }},
    {"p95_ms", [](const rollup& r) { return r.percentile_us(0.95); }, 3,
     [](const rollup& r) { return !r.sketch.empty(); }},
};

// What the names of a section's groups are, in order, and which numbers it has.
struct section_columns {
  std::vector<std::string_view> texts, numbers;

  // The place of a text in the names of a group.
  std::optional<std::size_t> place_of(std::string_view column) const {
    auto at = std::find(texts.begin(), texts.end(), column);
    if (at == texts.end()) return {};
    return static_cast<std::size_t>(at - texts.begin());
  }
  bool has(const number_column& column, const rollup& r) const {
    return std::find(numbers.begin(), numbers.end(), column.name) != numbers.end() && column.is_there(r);
  }
};

const section_columns& columns_of(section s) {
  static const std::vector<std::string_view> usage = {"events",
                                                      "errors",
                                                      "calls",
                                                      "input_tokens",
                                                      "output_tokens",
                                                      "cache_read_tokens",
                                                      "cache_write_tokens",
                                                      "reasoning_tokens",
                                                      "cost_usd"};
  static const std::map<section, section_columns> all = {
      {section::token_usage, {{"agent_id", "team", "model"}, usage}},
      {section::knowledge, {{"knowledge_id", "agent_id", "team", "tier"}, {"events", "errors", "avg_ms"}}},
      {section::memory_tiers, {{"tier"}, {"events", "errors", "hits", "cost_usd", "avg_ms", "p95_ms"}}},
      {section::cost, {{"team", "agent_id", "model", "tool"}, usage}}};
  return all.at(s);
}

struct exported_row {
  section of;
  std::int64_t day_us;  // 0: of the whole window
  const cell_group* group;

  // When it was first and last; only knowledge says so.
  rollup_extent times() const { return of == section::knowledge ? group->total.extent : rollup_extent(); }
};

// One question, and what its rows are.
struct asked_section {
  section of;
  std::int64_t day_us = 0;
  cell_question question;
};

cell_question question_of(section s, const insight_window& window, const insight_names& names) {
  cell_question q;
  switch (s) {
    case section::token_usage:
      q = usage_question(window, names, {CellField::AGENT, CellField::TEAM, CellField::MODEL});
      break;
    case section::cost:
      q = usage_question(window, names,
                         {CellField::TEAM, CellField::AGENT, CellField::MODEL, CellField::TOOL});
      break;
    case section::knowledge:
      q = {.cube = Cube::KNOWLEDGE,
           .by = {CellField::ITEM, CellField::AGENT, CellField::TEAM, CellField::TIER},
           .window = window};
      narrow(q, names);
      q.order = CellOrder::COUNT;
      break;
    case section::memory_tiers:
      q = {.cube = Cube::TIER, .by = {CellField::TIER}, .window = window};
      narrow(q, names);
      q.order = CellOrder::COUNT;
      q.sketches = percentiles::wanted;
      break;
  }
  q.limit = rows_max;
  return q;
}

bool is_daily(section s) { return s == section::token_usage || s == section::memory_tiers; }

std::vector<asked_section> questions_of(std::string_view only, const insight_window& window,
                                        const insight_names& names) {
  std::vector<asked_section> all;
  for (auto s : sections) {
    if (!only.empty() && to_string(s) != only) continue;
    if (!is_daily(s)) {
      all.push_back({s, 0, question_of(s, window, names)});
      continue;
    }
    for (auto from = window.from_us; from < window.until_us;) {
      auto day = bucket_start(from, schema::Resolution::DAY);
      auto until = std::min(day + insight_day_us, window.until_us);
      all.push_back({s, day, question_of(s, {from, until, schema::CellStep::DAY}, names)});
      from = until;
    }
  }
  return all;
}

std::string time_text(std::int64_t us) {
  std::string out;
  if (us != 0) ingest::write_rfc3339(us, out);
  return out;
}

std::string as_csv(const std::vector<exported_row>& rows) {
  std::string out, value;
  csv_writer w(out);
  w.plain("section").plain("day");
  for (auto c : text_columns) w.plain(c);
  for (auto& c : number_columns) w.plain(c.name);
  w.plain("first_at").plain("last_at").end_row();
  for (auto& row : rows) {
    auto& columns = columns_of(row.of);
    auto& total = row.group->total;
    w.plain(to_string(row.of)).plain(time_text(row.day_us).substr(0, 10));
    for (auto c : text_columns) {
      auto place = columns.place_of(c);
      w.text(place ? std::string_view(row.group->names[*place]) : std::string_view());
    }
    for (auto& c : number_columns) {
      value.clear();
      if (columns.has(c, total)) ingest::json::write_decimal(c.value(total), c.digits, value);
      w.plain(value);
    }
    w.plain(time_text(row.times().first_us)).plain(time_text(row.times().last_us)).end_row();
  }
  return out;
}

// A section's columns as an object has them: by name.
class named_columns {
 public:
  explicit named_columns(section s) {
    auto& columns = columns_of(s);
    for (std::size_t i = 0; i < columns.texts.size(); ++i) texts_.emplace_back(columns.texts[i], i);
    for (auto& c : number_columns)
      if (std::find(columns.numbers.begin(), columns.numbers.end(), c.name) != columns.numbers.end())
        numbers_.push_back(&c);
    std::sort(texts_.begin(), texts_.end());
    std::sort(numbers_.begin(), numbers_.end(), [](auto* a, auto* b) { return a->name < b->name; });
  }

  void write(const exported_row& row, object_writer& o) const {
    if (row.day_us != 0) o.text("day", time_text(row.day_us).substr(0, 10));
    for (auto& [name, place] : texts_) o.text(name, row.group->names[place]);
    auto& total = row.group->total;
    for (auto* c : numbers_)
      if (c->is_there(total)) o.decimal(c->name, c->value(total), c->digits);
    if (auto times = row.times(); times.first_us != 0)
      o.time("first_at", times.first_us).time("last_at", times.last_us);
  }

 private:
  std::vector<std::pair<std::string_view, std::size_t>> texts_;
  std::vector<const number_column*> numbers_;
};

std::string as_json(const std::vector<exported_row>& rows, const insight_window& window,
                    std::string_view only, bool complete) {
  std::string out;
  object_writer w(out);
  window.write(w);
  for (auto s : sections) {
    if (!only.empty() && to_string(s) != only) continue;
    std::vector<const exported_row*> own;
    for (auto& row : rows)
      if (row.of == s) own.push_back(&row);
    named_columns columns(s);
    write_list(to_string(s), own, w,
               [&](object_writer& o, const exported_row* row) { columns.write(*row, o); });
  }
  w.flag("complete", complete);
  w.end();
  return out;
}

response answer_of(std::string body, std::string_view type, std::string_view ending,
                   const insight_window& window) {
  auto out = response::json(std::move(body));
  out.content_type = type;
  auto name = concat({"troupe-analytics-", time_text(window.from_us).substr(0, 10), "-",
                      time_text(window.until_us).substr(0, 10), ".", ending});
  out.with("Content-Disposition", concat({"attachment; filename=\"", name, "\""}));
  return out;
}

void export_analytics(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"format", "section"}, default_hours);
  bool csv = p.fields().choice("format", {"csv", "json"}) == "csv";
  auto only =
      std::string(p.fields().choice("section", {"", "token_usage", "knowledge", "memory_tiers", "cost"}));
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto asked = questions_of(only, p.window(), p.names());
  std::vector<cell_question> questions;
  for (auto& a : asked) questions.push_back(a.question);
  ask_cells(api, r, back, std::move(questions), [=, window = p.window()](cell_tables& t) {
    std::vector<exported_row> rows;
    bool complete = all_complete(t);
    for (std::size_t i = 0; i < t.size(); ++i) {
      complete = complete && t[i].other_keys == 0;
      for (auto& g : t[i].groups) rows.push_back({asked[i].of, asked[i].day_us, &g});
    }
    auto answer = csv ? answer_of(as_csv(rows), "text/csv; charset=utf-8; header=present", "csv", window)
                      : answer_of(as_json(rows, window, only, complete), "application/json", "json", window);
    answer.with("Troupe-Complete", complete ? "true" : "false");
    back(std::move(answer));
  });
}

}  // namespace

void add_export_routes(api_context& api, std::vector<route>& to) {
  to.push_back(
      {verb::get,
       "/api/v2/export/analytics",
       permission::read,
       [&api](const request_ptr& r, const responder& back) { export_analytics(api, r, back); },
       {"exportAnalytics",
        "Insight",
        "Export",
        "Token usage by agent and day, knowledge access, memory tiers by day, cost by team, agent, model and "
        "tool; of "
        "30 days unless a window is given. In CSV a text that a spreadsheet would take for a formula gets an "
        "apostrophe in front. Troupe-Complete says whether a bound cut it.",
        insight_docs(
            {}, {{"format", "query", R"({"type":"string","enum":["csv","json"],"default":"csv"})", "How."},
                 {"section", "query",
                  R"({"type":"string","enum":["token_usage","knowledge","memory_tiers","cost"]})",
                  "Only this; all when absent."}}),
        {},
        {{200,
          "The table.",
          {{"text/csv", R"({"type":"string"})", {}}, {"application/json", "AnalyticsExport", {}}}}}}});
}

}  // namespace troupe::http
