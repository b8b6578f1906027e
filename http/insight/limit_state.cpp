#include "http/insight/limit_state.hpp"

#include <kj/exception.h>

#include "http/insight/figures.hpp"
#include "protocol/placement.hpp"

namespace troupe::http {

namespace {

std::vector<token_limit> limits_in(const std::string& bytes) {
  message_reader reader(bytes);
  auto found = reader.root<schema::QueryResult>();
  std::vector<token_limit> all;
  if (found.isTokenLimits())
    for (auto l : found.getTokenLimits()) all.push_back(token_limit::of(l));
  return all;
}

using limit_list = std::vector<token_limit>;
using limits_done = std::function<void(result<std::vector<limit_standing>>)>;

// 'done' on the home thread. No organisation: of all.
void ask_list(client& actors, const std::shared_ptr<io_thread>& home, std::string_view org, consistency level,
              std::function<void(result<limit_list>)> done) {
  query_builder query(org);
  query->setListTokenLimits();
  actors.query(system_shard, query.bytes(), level, [home, done = std::move(done)](result<std::string> got) {
    home->post([done, got = std::move(got)] {
      if (!got) return done(got.error());
      try {
        done(limits_in(*got));
      } catch (const kj::Exception&) {
        done(failure{errc::internal, "The limits could not be read."});
      }
    });
  });
}

// Of one organisation.
void ask_standings(client& actors, io_thread& home, const cell_asker& who, std::int64_t now_us,
                   limit_list all, limits_done done) {
  std::vector<cell_question> questions;
  for (auto& l : all) {
    questions.push_back(history_question(l.names(), now_us));
    questions.push_back(period_question(l.names(), period_of(l.period, now_us), now_us));
  }
  ask_cells(actors, home, who, std::move(questions),
            [all = std::move(all), now_us, done = std::move(done)](result<cell_tables> t) {
              if (!t) return done(t.error());
              std::vector<limit_standing> standings;
              for (std::size_t i = 0; i < all.size(); ++i)
                standings.push_back(standing_of(all[i], (*t)[2 * i], (*t)[2 * i + 1], now_us));
              done(std::move(standings));
            });
}

// One organisation after the other: of many, nobody waits for it.
class all_limits : public std::enable_shared_from_this<all_limits> {
 public:
  all_limits(client& actors, std::shared_ptr<io_thread> home, std::int64_t now_us, limits_done done)
      : actors_(actors), home_(std::move(home)), now_us_(now_us), done_(std::move(done)) {}

  void start(limit_list all) {
    for (auto& l : all) {
      if (by_org_.empty() || by_org_.back().front().org != l.org) by_org_.emplace_back();
      by_org_.back().push_back(std::move(l));
    }
    next();
  }

 private:
  void next() {
    if (at_ == by_org_.size()) return done_(std::move(standings_));
    auto& of = by_org_[at_++];
    ask_standings(actors_, *home_, {of.front().org, consistency::local}, now_us_, of,
                  [self = shared_from_this()](result<std::vector<limit_standing>> found) {
                    if (!found) return self->done_(found.error());
                    for (auto& s : *found) self->standings_.push_back(std::move(s));
                    self->next();
                  });
  }

  client& actors_;
  const std::shared_ptr<io_thread> home_;
  const std::int64_t now_us_;
  const limits_done done_;
  std::vector<limit_list> by_org_;
  std::size_t at_ = 0;
  std::vector<limit_standing> standings_;
};

}  // namespace

std::string_view to_string(schema::LimitScope s) {
  switch (s) {
    case schema::LimitScope::TEAM: return "team";
    case schema::LimitScope::AGENT: return "agent";
    default: return "org";
  }
}

std::string_view to_string(schema::LimitPeriod p) {
  switch (p) {
    case schema::LimitPeriod::HOUR: return "hour";
    case schema::LimitPeriod::MONTH: return "month";
    default: return "day";
  }
}

std::string_view to_string(limit_state s) {
  switch (s) {
    case limit_state::projected: return "projected";
    case limit_state::warning: return "warning";
    case limit_state::reached: return "reached";
    default: return "ok";
  }
}

token_limit token_limit::of(schema::TokenLimit::Reader r) {
  return {std::string(view_of(r.getOrg())),
          std::string(view_of(r.getId())),
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

void ask_limits(client& actors, io_thread& home, cell_asker who, std::int64_t now_us, limits_done done) {
  auto thread = home.shared_from_this();
  ask_list(actors, thread, who.org, who.level,
           [&actors, thread, who, now_us, done = std::move(done)](result<limit_list> all) {
             if (!all) return done(all.error());
             ask_standings(actors, *thread, who, now_us, std::move(*all), done);
           });
}

void ask_all_limits(client& actors, const std::shared_ptr<io_thread>& home, std::int64_t now_us,
                    limits_done done) {
  ask_list(actors, home, "", consistency::local,
           [&actors, home, now_us, done = std::move(done)](result<limit_list> all) {
             if (!all) return done(all.error());
             std::make_shared<all_limits>(actors, home, now_us, done)->start(std::move(*all));
           });
}

void write_limit_json(const limit_standing& s, std::string& out) {
  const auto& l = s.limit;
  object_writer w(out);
  w.text("id", l.id).text("scope", to_string(l.scope)).text_or_null("key", l.key);
  w.text("period", to_string(l.period));
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
