// How the token limits of an organisation stand: what is used of each, what will be, and whether to warn.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/insight/spending.hpp"

namespace troupe::http {

enum class limit_state : std::uint8_t {
  ok,
  projected,  // expected to be passed within its period
  warning,    // the part at which to warn is used
  reached,
};
std::string_view to_string(limit_state s);

struct token_limit {
  std::string org, id, key;
  schema::LimitScope scope = schema::LimitScope::ORG;
  schema::LimitPeriod period = schema::LimitPeriod::DAY;
  std::int64_t cost_nano_usd = 0, tokens = 0;
  std::uint16_t warn_at_permille = 800;
  std::int64_t updated_us = 0;

  static token_limit of(schema::TokenLimit::Reader r);
  spent_in unit() const { return tokens > 0 ? spent_in::tokens : spent_in::usd; }
  double bound() const;
  insight_names names() const;
};

struct limit_standing {
  token_limit limit;
  period now;
  double used = 0, projected = 0;
  std::optional<std::int64_t> reaches_us;
  limit_state state = limit_state::ok;
};

// Pure: from the history by hour and what was spent in the period.
limit_standing standing_of(token_limit limit, const cell_table& by_hour, const cell_table& spent,
                           std::int64_t now_us);

// Asks for all limits and their standings. 'done' runs on the home thread.
void ask_limits(client& actors, io_thread& home, cell_asker who, std::int64_t now_us,
                std::function<void(result<std::vector<limit_standing>>)> done);

// The same of all organisations, one after the other.
void ask_all_limits(client& actors, const std::shared_ptr<io_thread>& home, std::int64_t now_us,
                    std::function<void(result<std::vector<limit_standing>>)> done);

std::string_view to_string(schema::LimitScope s);
std::string_view to_string(schema::LimitPeriod p);
void write_limit_json(const limit_standing& s, std::string& out);

}  // namespace troupe::http
