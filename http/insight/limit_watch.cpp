#include "http/insight/limit_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace troupe::http {

namespace {

constexpr std::chrono::milliseconds between{2000};
constexpr std::chrono::seconds round{15};

limit_figures figures_of(const limit_standing& s) {
  auto& l = s.limit;
  return {l.org,
          l.id,
          std::string(to_string(l.scope)),
          l.key,
          std::string(to_string(l.period)),
          s.used / l.bound(),
          s.projected / l.bound(),
          l.warn_at_permille / 1000.0};
}

void log(const limit_standing& s) {
  auto level = s.state == limit_state::ok ? spdlog::level::info : spdlog::level::warn;
  auto& l = s.limit;
  auto of = l.key.empty() ? std::string() : fmt::format(" {}={}", to_string(l.scope), l.key);
  spdlog::log(level, "limit {} | org={} limit={}{} period={} used={:.2f} expected={:.2f}", to_string(s.state),
              l.org, l.id, of, to_string(l.period), s.used / l.bound(), s.projected / l.bound());
}

}  // namespace

void limit_watch::start() {
  if (watch_ == nullptr) return;
  home_->post([self = shared_from_this()] { self->look_at_all(); });
}

void limit_watch::changed(const std::string& org) {
  home_->post([self = shared_from_this(), org] {
    self->orgs_[org].wanted = true;
    self->look();
  });
}

void limit_watch::stop() {
  home_->post([self = shared_from_this()] {
    self->stopped_ = true;
    self->pause_.cancel();
    self->round_.cancel();
  });
}

void limit_watch::look() {
  if (stopped_) return;
  auto now = std::chrono::steady_clock::now();
  auto soonest = std::chrono::steady_clock::time_point::max();
  for (auto& [org, of] : orgs_) {
    if (!of.wanted || of.asking) continue;
    if (of.next <= now)
      ask(org, of);
    else
      soonest = std::min(soonest, of.next);
  }
  if (soonest == std::chrono::steady_clock::time_point::max()) return;
  pause_.expires_at(soonest);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec) self->look();
  });
}

// One round after the other, however long one takes.
void limit_watch::look_at_all() {
  if (stopped_) return;
  if (!watch_->watches_limits()) {
    take_all({});
    return look_again();
  }
  ask_all_limits(actors_, home_, now_us(),
                 [self = shared_from_this()](result<std::vector<limit_standing>> all) {
                   if (self->stopped_) return;
                   if (all) self->take_all(std::move(*all));
                   self->look_again();
                 });
}

void limit_watch::look_again() {
  round_.expires_after(round);
  round_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec) self->look_at_all();
  });
}

void limit_watch::take_all(std::vector<limit_standing> all) {
  std::map<std::pair<std::string, std::string>, limit_state> states;
  std::vector<limit_figures> figures;
  for (auto& s : all) {
    std::pair name{s.limit.org, s.limit.id};
    auto known = logged_.find(name);
    if (s.state != (known == logged_.end() ? limit_state::ok : known->second)) log(s);
    states[name] = s.state;
    figures.push_back(figures_of(s));
  }
  logged_ = std::move(states);
  watch_->limits_seen(std::move(figures));
}

void limit_watch::ask(const std::string& org, watched& of) {
  of.wanted = false;
  of.asking = true;
  of.next = std::chrono::steady_clock::now() + between;
  ask_limits(actors_, *home_, {org, consistency::local}, now_us(),
             [self = shared_from_this(), org](const result<std::vector<limit_standing>>& all) {
               self->orgs_[org].asking = false;
               if (all && !self->stopped_) self->tell(org, *all);
               self->look();
             });
}

void limit_watch::tell(const std::string& org, const std::vector<limit_standing>& all) {
  std::map<std::string, limit_state> states;
  auto& before = orgs_[org].states;
  for (auto& s : all) {
    auto known = before.find(s.limit.id);
    auto was = known == before.end() ? limit_state::ok : known->second;
    states[s.limit.id] = s.state;
    if (was == s.state) continue;
    std::string json;
    write_limit_json(s, json);
    announce_(org, json);
  }
  before = std::move(states);
}

}  // namespace troupe::http
