#include "http/insight/limit_state.hpp"

#include <kj/exception.h>

#include "http/insight/figures.hpp"
#include "protocol/placement.hpp"

namespace troupe::http {

namespace {

std::string_view scope_name(schema::LimitScope s) {
  switch (s) {
    case schema::LimitScope::TEAM: return "team";
    case schema::LimitScope::AGENT: return "agent";
    default: return "org";
  }
}

std::string_view period_name(schema::LimitPeriod p) {
  switch (p) {
    case schema::LimitPeriod::HOUR: return "hour";
    case schema::LimitPeriod::MONTH: return "month";
    default: return "day";
  }
}

std::vector<token_limit> limits_in(const std::string& bytes) {
  message_reader reader(bytes);
  auto found = reader.root<schema::QueryResult>();
  std::vector<token_limit> all;
  if (found.isTokenLimits())
    for (auto l : found.getTokenLimits()) all.push_back(token_limit::of(l));
  return all;
}

}  // namespace

std::string_view to_string(limit_state s) {
  switch (s) {
    case limit_state::projected: return "projected";
    case limit_state::warning: return "warning";
    case limit_state::reached: return "reached";
    default: return "ok";
  }
}

token_limit token_limit::of(schema::TokenLimit::Reader r) {
  return {std::string(view_of(r.getId())),
          std::string(view_of(r.getKey())),
          r.getScope(),
          r.getPeriod(),
          r.getCostNanoUsd(),
          r.getTokens(),
          r.getWarnAtPermille(),
          r.getUpdatedUs()};
}

double token_limit::bound() const { return tokens > 0 ? static_cast<double>(tokens) : usd(cost_nano_usd); }

insight_names token_limit::names() const {
  insight_names n;
  if (scope == schema::LimitScope::TEAM) n.team = key;
  if (scope == schema::LimitScope::AGENT) n.agent = key;
  return n;
}

limit_standing standing_of(token_limit limit, const cell_table& by_hour, const cell_table& spent,
                           std::int64_t now_us) {
  limit_standing s;
  s.now = period_of(limit.period, now_us);
  auto unit = limit.unit();
  s.used = amount(spent.total(), unit);
  projection p(history_of(by_hour, now_us, unit));
  s.projected = p.until(s.now.until_hour(), s.used).expected;
  auto at = p.reaches(limit.bound(), s.used, s.now.until_hour());
  if (at >= 0) s.reaches_us = static_cast<std::int64_t>(at * static_cast<double>(insight_hour_us));
  auto share = s.used / limit.bound();
  if (share >= 1)
    s.state = limit_state::reached;
  else if (share * 1000 >= limit.warn_at_permille)
    s.state = limit_state::warning;
  else if (s.projected >= limit.bound())
    s.state = limit_state::projected;
  s.limit = std::move(limit);
  return s;
}

void ask_limits(client& actors, io_thread& home, cell_asker who, std::int64_t now_us,
                std::function<void(result<std::vector<limit_standing>>)> done) {
  query_builder query(who.org);
  query->setListTokenLimits();
  auto thread = home.shared_from_this();
  auto listed = [&actors, thread, who, now_us, done = std::move(done)](const result<std::string>& got) {
    if (!got) return done(got.error());
    std::vector<token_limit> all;
    try {
      all = limits_in(*got);
    } catch (const kj::Exception&) {
      return done(failure{errc::internal, "The limits could not be read."});
    }
    std::vector<cell_question> questions;
    for (auto& l : all) {
      questions.push_back(history_question(l.names(), now_us));
      questions.push_back(period_question(l.names(), period_of(l.period, now_us), now_us));
    }
    ask_cells(actors, *thread, who, std::move(questions), [all, now_us, done](result<cell_tables> t) {
      if (!t) return done(t.error());
      std::vector<limit_standing> standings;
      for (std::size_t i = 0; i < all.size(); ++i)
        standings.push_back(standing_of(all[i], (*t)[2 * i], (*t)[2 * i + 1], now_us));
      done(std::move(standings));
    });
  };
  actors.query(system_shard, query.bytes(), who.level, [thread, listed](result<std::string> got) {
    thread->post([listed, got = std::move(got)] { listed(got); });
  });
}

void write_limit_json(const limit_standing& s, std::string& out) {
  const auto& l = s.limit;
  object_writer w(out);
  w.text("id", l.id).text("scope", scope_name(l.scope)).text_or_null("key", l.key);
  w.text("period", period_name(l.period));
  if (l.tokens > 0)
    w.raw("cost_usd", "null").number("tokens", l.tokens);
  else
    w.decimal("cost_usd", l.cost_nano_usd, 9).raw("tokens", "null");
  w.decimal("warn_at", l.warn_at_permille, 3).time("updated_at", l.updated_us);
  w.time("period_from", s.now.from_us).time("period_to", s.now.until_us);
  w.real("used", s.used).real("used_share", ratio(s.used, l.bound()));
  w.real("projected", ratio(s.projected, 1)).real("projected_share", ratio(s.projected, l.bound()));
  w.text("state", to_string(s.state)).time("reaches_at", s.reaches_us.value_or(0));
  w.end();
}

}  // namespace troupe::http
