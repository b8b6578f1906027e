// Reading price tables and pricing with them.
#include "http/ingest/pricing.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <fstream>
#include <iterator>
#include <unordered_map>

#include "http/ingest/field_name.hpp"
#include "http/ingest/json_text.hpp"
#include "http/ingest/prices_embedded.hpp"
#include "http/ingest/time_text.hpp"

namespace troupe::ingest {

namespace {

namespace bj = boost::json;

constexpr double price_usd_max = 1e6;  // per 1M tokens
constexpr double nano = 1e9;
constexpr std::int64_t tokens_per_price = 1'000'000;
constexpr std::size_t file_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t version_bytes_max = 64;
constexpr std::size_t remembered_max = 512;

constexpr std::array<std::string_view, 7> table_keys = {"version", "source", "currency", "unit",
                                                        "notes",   "prices", "$schema"};
constexpr std::array<std::string_view, 12> rule_keys = {"vendor", "provider",   "model",       "input",
                                                        "output", "cache_read", "cache_write", "from",
                                                        "until",  "none",       "notes",       "long_prompt"};
constexpr std::array<std::string_view, 5> long_prompt_keys = {"above", "input", "output", "cache_read",
                                                              "cache_write"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// '*' any run, '?' any one character; letters in either case.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(text[t]))) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Reads one table; the first mistake is kept, with its place.
class table_reader {
 public:
  std::optional<failure> wrong;

  void fail(std::string where, std::string what) {
    if (!wrong) wrong = failure{errc::invalid_argument, "price table: " + where + ": " + what, {}, where};
  }

  void check_keys(const bj::object& object, const std::string& where,
                  std::span<const std::string_view> names) {
    for (auto& entry : object) {
      std::string_view key(entry.key().data(), entry.key().size());
      if (std::ranges::find(names, key) != names.end()) continue;
      auto near = nearest_name(key, names);
      fail(where.empty() ? std::string(key) : where + "." + std::string(key),
           near.empty() ? "unknown key" : "unknown key: did you mean \"" + std::string(near) + "\"?");
    }
  }

  std::string text(const bj::object& object, const std::string& where, std::string_view key,
                   std::string_view fallback) {
    auto* value = object.if_contains(key);
    if (!value) return std::string(fallback);
    if (!value->is_string() || value->as_string().empty()) {
      fail(where + std::string(key), "must be a string that is not empty");
      return {};
    }
    return std::string(value->as_string());
  }

  std::int64_t price(const bj::object& object, const std::string& where, std::string_view key,
                     std::int64_t fallback) {
    auto* value = object.if_contains(key);
    if (!value) {
      if (fallback < 0) fail(where + std::string(key), "is required (USD per 1M tokens)");
      return fallback;
    }
    bj::error_code error;
    auto usd = value->is_number() ? value->to_number<double>(error) : -1.0;
    if (error || !(usd >= 0) || usd > price_usd_max) {
      fail(where + std::string(key), "must be a number of USD per 1M tokens, from 0 to 1000000");
      return 0;
    }
    return std::llround(usd * nano);
  }

  std::int64_t date(const bj::object& object, const std::string& where, std::string_view key,
                    std::int64_t fallback) {
    if (!object.contains(key)) return fallback;
    auto day = text(object, where, key, "");
    auto time = parse_rfc3339(day.size() == 10 ? day + "T00:00:00Z" : day);
    if (!time) fail(where + std::string(key), "must be a date such as 2026-01-31");
    return time.value_or(0);
  }

  price_rule rule(const bj::value& value, const std::string& place) {
    price_rule out;
    if (!value.is_object()) {
      fail(place, "must be an object");
      return out;
    }
    auto& object = value.get_object();
    auto where = place + ".";
    check_keys(object, place, rule_keys);
    out.provider = text(object, where, "provider", "*");
    out.model = text(object, where, "model", "");
    if (out.model.empty()) fail(where + "model", "is required");
    out.effective_from_us = date(object, where, "from", 0);
    out.effective_until_us = date(object, where, "until", INT64_MAX);
    if (out.effective_until_us <= out.effective_from_us) fail(where + "until", "must be after \"from\"");
    if (auto* none = object.if_contains("none")) {
      if (!none->is_bool() || !none->get_bool()) fail(where + "none", "must be true, or absent");
      out.none = true;
      return out;
    }
    out.prices = prices(object, where);
    if (auto* tier = object.if_contains("long_prompt")) long_prompt(*tier, where + "long_prompt", out);
    return out;
  }

  token_prices prices(const bj::object& object, const std::string& where) {
    token_prices out;
    out.input = price(object, where, "input", -1);
    out.output = price(object, where, "output", -1);
    out.cache_read = price(object, where, "cache_read", out.input);
    out.cache_write = price(object, where, "cache_write", out.input);
    return out;
  }

  void long_prompt(const bj::value& value, const std::string& place, price_rule& out) {
    if (!value.is_object()) return fail(place, "must be an object");
    auto& object = value.get_object();
    check_keys(object, place, long_prompt_keys);
    auto* above = object.if_contains("above");
    if (!above || !above->is_int64() || above->get_int64() <= 0)
      return fail(place + ".above", "is required, a number of input tokens");
    out.long_prompt_above = above->get_int64();
    out.long_prompt = prices(object, place + ".");
  }
};

}  // namespace

const price_table& price_table::built_in() {
  static const price_table table = [] {
    auto parsed = parse(prices_embedded);
    must(static_cast<bool>(parsed), parsed ? "" : parsed.error().detail);
    return std::move(*parsed);
  }();
  return table;
}

result<price_table> price_table::parse(std::string_view text) {
  if (auto fault = json::find_fault(text))
    return failure{errc::invalid_argument,
                   "price table: not valid JSON at byte " + std::to_string(fault->at) + ": " + fault->what};
  bj::error_code error;
  auto root = bj::parse(text, error);
  if (error || !root.is_object())
    return failure{errc::invalid_argument, "price table: must be a JSON object"};
  auto& object = root.get_object();
  table_reader reader;
  price_table table;
  reader.check_keys(object, "", table_keys);
  table.version_ = reader.text(object, "", "version", "");
  if (table.version_.empty() || table.version_.size() > version_bytes_max)
    reader.fail("version", "is required, 1 to " + std::to_string(version_bytes_max) + " bytes");
  if (reader.text(object, "", "currency", "USD") != "USD") reader.fail("currency", "must be \"USD\"");
  auto* prices = object.if_contains("prices");
  if (!prices || !prices->is_array()) {
    reader.fail("prices", "is required, a list");
  } else {
    auto& list = prices->get_array();
    for (std::size_t i = 0; i < list.size() && !reader.wrong; ++i)
      table.rules_.push_back(reader.rule(list[i], "prices[" + std::to_string(i) + "]"));
  }
  if (reader.wrong) return *reader.wrong;
  static std::atomic<std::uint64_t> tables{0};
  table.identity_ = ++tables;
  return table;
}

result<price_table> price_table::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return failure{errc::not_found, "price table: cannot read " + path};
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.size() > file_bytes_max) return failure{errc::too_large, "price table: " + path + " is too large"};
  auto parsed = parse(text);
  if (parsed) return parsed;
  auto error = parsed.error();
  error.detail = path + ": " + error.detail;
  return error;
}

const std::vector<std::uint32_t>& price_table::candidates(std::string_view provider,
                                                          std::string_view model) const {
  static thread_local std::unordered_map<std::string, std::vector<std::uint32_t>> remembered;
  static thread_local std::uint64_t remembered_of = 0;
  static thread_local std::string key;
  if (remembered_of != identity_ || remembered.size() >= remembered_max) remembered.clear();
  remembered_of = identity_;
  key.assign(provider).append(1, '\0').append(model);
  auto [at, is_new] = remembered.try_emplace(key);
  if (is_new)
    for (std::uint32_t i = 0; i < rules_.size(); ++i)
      if (glob_matches(rules_[i].model, model) && glob_matches(rules_[i].provider, provider))
        at->second.push_back(i);
  return at->second;
}

const price_rule* price_table::find(std::string_view provider, std::string_view model,
                                    std::int64_t time_us) const {
  for (auto place : candidates(provider, model)) {
    auto& rule = rules_[place];
    if (time_us >= rule.effective_from_us && time_us < rule.effective_until_us) return &rule;
  }
  auto slash = model.rfind('/');
  return slash == model.npos ? nullptr : find(provider, model.substr(slash + 1), time_us);
}

void price_table::price(event_draft& event, text_arena& texts) const {
  if (event.cost_source == schema::CostSource::REPORTED || !event.has_tokens || event.model.empty()) return;
  auto* rule = find(event.provider, event.model, event.time_us);
  if (!rule || rule->none) return;
  event.cost_nano_usd = cost_nano_usd(event.tokens, *rule);
  event.cost_source = schema::CostSource::PRICED;
  event.price_version = texts.keep(version_);
}

std::int64_t cost_nano_usd(const token_counts& tokens, const price_rule& rule) noexcept {
  using wide = __int128;
  auto& of = tokens.input > rule.long_prompt_above ? rule.long_prompt : rule.prices;
  auto cached = tokens.cache_read + tokens.cache_write;
  auto fresh = std::max<std::int64_t>(tokens.input - cached, 0);
  wide sum = wide(fresh) * of.input + wide(tokens.cache_read) * of.cache_read +
             wide(tokens.cache_write) * of.cache_write + wide(tokens.output) * of.output;
  wide cost = (sum + tokens_per_price / 2) / tokens_per_price;
  return cost > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(cost);
}

}  // namespace troupe::ingest
