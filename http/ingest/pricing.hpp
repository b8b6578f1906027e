// Prices of models: which rule holds for (provider, model, time), and what a call costs, in integer nano USD.
//
// Invariants: a table never changes once it is read; the same event and table give the same cost on every machine
// (integers only, no floating point after reading). A price of 1 USD per 1M tokens is 1000 nano USD per token.
// The table that is compiled in comes from prices.json beside this file. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/ingest/event_draft.hpp"
#include "protocol/result.hpp"

namespace troupe::ingest {

// Nano USD per 1M tokens, so that prices down to 1e-9 USD per 1M tokens are exact.
struct token_prices {
  std::int64_t input = 0, output = 0, cache_read = 0, cache_write = 0;
};

struct price_rule {
  std::string provider;  // glob, either case; "*" for any
  std::string model;     // glob, either case
  std::int64_t effective_from_us = 0, effective_until_us = INT64_MAX;
  token_prices prices;
  // Some models charge a whole call at other prices when its input has more tokens than this.
  std::int64_t long_prompt_above = INT64_MAX;
  token_prices long_prompt;
  bool none = false;  // known to cost nothing that could be counted: cost_source stays none
};

class price_table {
 public:
  // The table of prices.json as compiled in.
  static const price_table& built_in();
  // Failure: what is wrong, where ("prices[3].input: ..."), to be shown to the operator.
  static result<price_table> parse(std::string_view json);
  // A file that replaces the built-in table. Failure names the file.
  static result<price_table> load(const std::string& path);

  const std::string& version() const { return version_; }
  const std::vector<price_rule>& rules() const { return rules_; }

  // The first rule that fits, in the order of the file. A model named by a path ("openai/gpt-5") is looked up by the
  // whole name first, then by its last part.
  const price_rule* find(std::string_view provider, std::string_view model, std::int64_t time_us) const;

  // Sets cost, cost source and price version unless a cost was reported or nothing is known about the model.
  // The texts it sets live in 'texts'.
  void price(event_draft& event, text_arena& texts) const;

 private:
  // The places of the rules that fit provider and model at any time, remembered by each thread for the few models it sees.
  const std::vector<std::uint32_t>& candidates(std::string_view provider, std::string_view model) const;

  std::uint64_t identity_ = 0;  // of what was read; copies share it
  std::string version_;
  std::vector<price_rule> rules_;
};

// (input - cache_read - cache_write) * in + cache_read * cr + cache_write * cw + output * out, rounded half up.
std::int64_t cost_nano_usd(const token_counts& tokens, const price_rule& rule) noexcept;

}  // namespace troupe::ingest
